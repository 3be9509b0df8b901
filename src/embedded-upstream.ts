import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { DataFolderUnusableError } from './adobe/data-folder.js';
import { ListenError } from './adobe/listen.js';
import { startCampaignService } from './campaign/campaign-service.js';
import { FaultPlanInvalidError, loadFaultPlan } from './campaign/faults/fault-plan.js';
import { createFixedCredentials } from './campaign/http/credentials.js';
import { MappingsInvalidError } from './campaign/mapping/mapping-issue.js';
import type { SchemaOf } from './campaign/mapping/schema-paths.js';
import { StateUnusableError } from './campaign/state/state-database.js';
import type { PlatformSettings } from './campaign/upload/platform-client.js';
import type { PlatformConfig } from './config/platform.js';
import type { EmbeddedService, RemoteUpstream } from './config/upstream.js';
import { findProxy, type OutgoingProxies } from './datasources/upstream/outgoing-proxy.js';
import { startLocalPlatform } from './local-platform.js';
import { DatasetsInvalidError } from './platform/datasets.js';
import { SHIPPED_DATASETS_DIR } from './platform/platform-config.js';

const HOST = '127.0.0.1';
const ORGANIZATION = 'acme';
const IMS_ORG = 'sluice@AdobeOrg';
const SANDBOX = 'prod';

const DAY_MS = 86_400_000;

/** The shipped mapping that best shows what a run is. */
const SAMPLE_MAPPING_ID = 'crm-profiles';

/** Errors of a start that the operator can fix; the message says how. */
export const EMBEDDED_START_ERRORS = [
  DataFolderUnusableError,
  DatasetsInvalidError,
  FaultPlanInvalidError,
  ListenError,
  MappingsInvalidError,
  StateUnusableError,
] as const;

/** The settings of the embedded service. */
export interface EmbeddedUpstreamOptions extends Omit<EmbeddedService, 'kind'> {
  readonly dataDir: string;
  /** How long a job is kept after it has ended. */
  readonly retentionDays: number;
  /** Where batches go; null for a receiver in this process. */
  readonly platform: PlatformConfig | null;
  readonly proxies?: OutgoingProxies;
}

/** The Campaign service in this process and its Platform, and how to reach them over HTTP, like any others. */
export interface EmbeddedUpstream {
  readonly upstream: RemoteUpstream;
  readonly platform: PlatformConfig;
  /** A mapping that exists, to start with. */
  readonly firstMappingId: string;
  stop(): Promise<void>;
}

/**
 * Start the Campaign service and, if no Platform is given, the receiver that it uploads to. Each listens on a free
 * port of the loopback interface, with credentials that nobody else has.
 *
 * @throws if the mappings, the datasets, the fault plan or the data directory can't be used
 */
export async function startEmbeddedUpstream(
  options: EmbeddedUpstreamOptions,
  logger: Logger,
): Promise<EmbeddedUpstream> {
  const { dataDir, mappingsDir, faultsFile } = options;
  const faults = faultsFile === null ? null : loadFaultPlan(faultsFile);
  await using starting = new AsyncDisposableStack();
  const { platform, schemaOf } =
    options.platform === null
      ? await startReceiver(options, starting, logger)
      : { platform: options.platform };

  const apiKey = newSecret();
  const clientId = newSecret();
  const clientSecret = newSecret();
  const administrator = { clientId: newSecret(), clientSecret: newSecret() };
  const { url, stateId, mappingIds, stop } = await startCampaignService({
    host: HOST,
    port: 0,
    dataDir,
    mappingsDir,
    sourceEnvironment: options.environment,
    platform: toPlatformSettings(platform),
    schemaOf,
    proxyOf: (url) => findProxy(url, options.proxies),
    organization: ORGANIZATION,
    faults,
    retentionMs: options.retentionDays * DAY_MS,
    credentials: createFixedCredentials(apiKey, [
      { clientId, clientSecret, roles: ['sqlFunctionExecution'] },
      { ...administrator, roles: ['administration'] },
    ]),
    logger: logger.child({ part: 'campaign' }),
  });
  starting.defer(stop);

  const running = starting.move();
  return {
    upstream: {
      kind: 'remote',
      identity: toIdentity(stateId),
      url: new URL(url),
      organization: ORGANIZATION,
      apiKey,
      token: { kind: 'clientCredentials', imsUrl: url, clientId, clientSecret, scopes: ['openid'] },
      administration: {
        kind: 'clientCredentials',
        imsUrl: url,
        ...administrator,
        scopes: ['openid'],
      },
    },
    platform,
    firstMappingId: mappingIds.find((id) => id === SAMPLE_MAPPING_ID) ?? mappingIds[0] ?? '',
    stop: () => running.disposeAsync(),
  };
}

/** Request ids start over with each new state, and a log of the previous one would answer for them. */
function toIdentity(stateId: string): string {
  const state = stateId === '' ? '' : ` (state ${stateId})`;
  return `the embedded Campaign service${state}`;
}

/** The receiver in this process, as the settings would describe it. */
async function startReceiver(
  { dataDir, retentionDays }: EmbeddedUpstreamOptions,
  starting: AsyncDisposableStack,
  logger: Logger,
): Promise<{ readonly platform: PlatformConfig; readonly schemaOf?: SchemaOf }> {
  const tenant = { apiKey: newSecret(), imsOrg: IMS_ORG, sandbox: SANDBOX };
  const client = { clientId: newSecret(), clientSecret: newSecret() };
  const { settings, schemaOf, stop } = await startLocalPlatform(
    {
      host: HOST,
      port: 0,
      dataDir,
      datasetsDir: SHIPPED_DATASETS_DIR,
      retentionMs: retentionDays * DAY_MS,
      ...tenant,
      ...client,
    },
    logger.child({ part: 'platform' }),
  );
  starting.defer(stop);
  const { url } = settings;
  const token = { kind: 'clientCredentials', imsUrl: url, ...client, scopes: ['openid'] } as const;
  return { platform: { url: new URL(url), ...tenant, token }, schemaOf };
}

/** The same Platform for the Campaign service, which adds the scopes that an upload needs. */
function toPlatformSettings({ url, token, ...tenant }: PlatformConfig): PlatformSettings {
  return {
    ...tenant,
    url: url.href.replace(/\/$/, ''),
    token: token.kind === 'ready' ? { ...token, kind: 'fixed' } : token,
  };
}

function newSecret(): string {
  return randomBytes(24).toString('base64url');
}
