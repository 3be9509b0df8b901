import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RemoteUpstream } from '../../src/config/upstream.js';
import {
  type Gateway,
  type GatewayConfig,
  type StopDeadlines,
  startGateway,
} from '../../src/gateway.js';
import { createLogger } from '../../src/process/logger.js';
import { privateExposure } from './exposure.js';
import { createGraphQLClient, type GraphQLClient } from './graphql-client.js';
import { databaseOf, deleteDatabase } from './log-database.js';

/** The credentials of the gateways in tests. */
export const ACCESS_TOKEN = 'planted-access-token';
export const API_KEY = 'planted-api-key';
export const ORGANIZATION = 'acme';

/** A whole listening gateway with its own client. */
export interface TestGateway extends Gateway {
  readonly client: GraphQLClient;
  /** Every line logged so far, parsed. */
  readonly logLines: readonly Record<string, unknown>[];
}

/** The options of a gateway in a test. */
export type TestGatewayOptions = Partial<GatewayConfig> & {
  /** Gateways with the same directory share a log, one after the other; without, each has its own. */
  readonly dataDir?: string;
};

/**
 * The upstream of a test, as the settings would give it.
 *
 * @param url - without a trailing slash
 */
export function toTestUpstream(url: string, identity = 'a test upstream'): RemoteUpstream {
  return {
    kind: 'remote',
    identity,
    url: new URL(url),
    organization: ORGANIZATION,
    apiKey: API_KEY,
    token: { kind: 'ready', accessToken: ACCESS_TOKEN },
    administration: null,
  };
}

/**
 * Everything but the location of the log. Polls are frequent, so that tests are fast.
 *
 * @param upstream - as the settings would give it, or the URL of a scripted one
 */
export function toTestConfig(upstream: RemoteUpstream | string): Omit<GatewayConfig, 'database'> {
  return {
    host: '127.0.0.1',
    port: 0,
    signIn: null,
    openId: null,
    upstream: typeof upstream === 'string' ? toTestUpstream(upstream) : upstream,
    platform: null,
    timeoutMs: 2_000,
    maxRps: 1_000,
    maxWaitMs: 300_000,
    proxies: { http: null, https: null, exempt: [] },
    statusRequestIdIn: 'query',
    pollMinMs: 20,
    pollMaxMs: 200,
    retentionDays: 90,
    isSubgraph: false,
    exposure: privateExposure,
    explorerMappingId: 'XDM44',
  };
}

/**
 * Start a gateway in front of an upstream.
 *
 * @param upstream - as the settings would give it, or the URL of a scripted one without a trailing slash
 */
export async function startTestGateway(
  upstream: RemoteUpstream | string,
  { dataDir, ...overrides }: TestGatewayOptions = {},
  deadlines?: StopDeadlines,
): Promise<TestGateway> {
  const logLines: Record<string, unknown>[] = [];
  const logger = createLogger('debug', { write: (line) => void logLines.push(JSON.parse(line)) });
  const ownDataDir = dataDir ? null : await mkdtemp(join(tmpdir(), 'gateway-'));
  const database = await databaseOf(dataDir ?? ownDataDir ?? '');
  const gateway = await startGateway(
    {
      ...toTestConfig(upstream),
      database,
      ...overrides,
    },
    logger,
    (error) => {
      throw error;
    },
    deadlines,
  );
  const client = createGraphQLClient(gateway.url);
  return {
    url: gateway.url,
    client,
    logLines,
    announceStop: gateway.announceStop,
    async stop() {
      await client.close();
      await gateway.stop();
      if (ownDataDir) await deleteDatabase(ownDataDir);
    },
  };
}
