import { mkdtemp } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExposureConfig } from '../../src/config/exposure.js';
import { createIngestionLog } from '../../src/datasources/log/ingestion-log.datasource.js';
import { createIngestionRequestLoader } from '../../src/datasources/log/ingestion-request.loader.js';
import { createLineageLoader } from '../../src/datasources/log/lineage.loader.js';
import { openStartLog } from '../../src/datasources/log/start-log.datasource.js';
import { createUsualDurationLoader } from '../../src/datasources/log/usual-duration.loader.js';
import type { Clock, IngestionLog, Upstream } from '../../src/ingestion/ports.js';
import { systemClock } from '../../src/process/system-clock.js';
import { createGraphQLServer } from '../../src/server/graphql-server.js';
import type { HttpStreams } from '../../src/server/http/http-streams.js';
import type { Phase } from '../../src/server/monitoring/phase.js';
import { buildGatewaySchema } from '../../src/server/operations/build-schema.js';
import type { OperationReport } from '../../src/server/operations/operation-log.js';
import type { OperationResult } from '../../src/server/operations/operations.js';
import { anonymousSignIn, type SignIn } from '../../src/server/sign-in/sign-in.js';
import type { GraphQLWebSockets } from '../../src/server/websocket/websocket.js';
import type { FanOut } from '../../src/watch/fan-out.js';
import { createHub } from '../../src/watch/hub.js';
import { createWatcher } from '../../src/watch/watcher.js';
import { privateExposure } from './exposure.js';
import { deleteDatabase, openTestLog } from './log-database.js';
import { emptyQueue, noWatcherEvents } from './memory-watches.js';
import { silentLogger } from './silent-logger.js';

/** A gateway whose transitions a test appends to its log, without an upstream. */
export interface PushedGateway {
  readonly url: string;
  readonly port: number;
  /** Emits each request once its headers have arrived. */
  readonly server: Server;
  readonly log: IngestionLog;
  readonly fanOut: Pick<FanOut<OperationResult>, 'followerCount'>;
  readonly webSockets: Pick<GraphQLWebSockets, 'bufferedBytes' | 'socketCount'>;
  readonly streams: Pick<HttpStreams, 'bufferedBytes' | 'streamCount'>;
  /** Of every operation so far. */
  readonly reports: readonly OperationReport[];
  /** The codes of every refusal so far. */
  readonly refusals: readonly string[];
  /** The number of executions: one to open each subscription, and one for each of its events. */
  readonly operationCount: number;
  /** Accept nothing new from now on, as before a stop. */
  drain(): void;
  /** Safe to repeat. */
  stop(): Promise<void>;
}

/** The options of such a gateway. */
export interface PushedGatewayOptions {
  /** The clock of pings and of the expiry of credentials. */
  readonly clock?: Clock;
  readonly signIn?: SignIn;
  readonly exposure?: ExposureConfig;
}

/** Join the parts as `gateway.ts` does, with a real log in a file, and listen. */
export async function startPushedGateway({
  clock = systemClock,
  signIn = anonymousSignIn,
  exposure = privateExposure,
}: PushedGatewayOptions = {}): Promise<PushedGateway> {
  const dataDir = await mkdtemp(join(tmpdir(), 'pushed-gateway-'));
  const database = await openTestLog(dataDir);
  const starts = await openStartLog(database, systemClock, 10_000);
  const log = await createIngestionLog(database);
  const hub = createHub();
  log.onAppended((transition) => hub.publish(transition));

  const unasked = () => Promise.reject(new Error('There is no upstream.'));
  const upstream: Upstream = {
    start: unasked,
    status: unasked,
    check: unasked,
    expedite: () => {},
  };
  const watches = createWatcher({
    upstream,
    log,
    clock: systemClock,
    queue: emptyQueue,
    plan: { minMs: 60_000, maxMs: 60_000, maxWaitingPolls: 1e6, pollPriceMs: 100 },
    events: noWatcherEvents,
  });
  const schema = await buildGatewaySchema({
    startIngestion: unasked,
    log,
    watches,
    clock: systemClock,
    administration: null,
    pollMaxMs: 60_000,
  });
  let operationCount = 0;
  let phase: Phase = 'serving';
  const reports: OperationReport[] = [];
  const refusals: string[] = [];
  const { server, webSockets, streams, fanOut, ...graphql } = await createGraphQLServer({
    schema,
    signIn,
    reportRefusal: ({ code }) => void refusals.push(code),
    clock,
    exposure: { ...exposure, persistedOperations: null },
    followSources: { log, hub, watches },
    newLoaders() {
      operationCount += 1;
      return {
        requests: createIngestionRequestLoader(log),
        lineages: createLineageLoader(starts),
        usualDurations: createUsualDurationLoader(log),
        administration: null,
        batches: null,
      };
    },
    reportOperation: (report) => void reports.push(report),
    phase: () => phase,
    logger: silentLogger,
  });
  await server.listen({ host: '127.0.0.1', port: 0, backlog: 4_096 });
  const { port } = server.server.address() as AddressInfo;

  let stopped: Promise<void> | null = null;
  function drain(): void {
    phase = 'draining';
  }
  async function stop(): Promise<void> {
    drain();
    await graphql.stop();
    await watches.stop();
    await log.close();
    await deleteDatabase(dataDir);
  }

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    server: server.server,
    log,
    fanOut,
    webSockets,
    streams,
    reports,
    refusals,
    drain,
    get operationCount() {
      return operationCount;
    },
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}
