import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { watchApiKeys } from './config/api-keys-file.js';
import type { RemoteUpstream } from './config/upstream.js';
import type { Config, DatabaseConfig } from './config.js';
import { createCampaignDatasource } from './datasources/campaign.datasource.js';
import { createIngestionBatchLoader } from './datasources/ingestion-batch.loader.js';
import { createIngestionLog } from './datasources/ingestion-log.datasource.js';
import { createIngestionRequestLoader } from './datasources/ingestion-request.loader.js';
import { createLineageLoader } from './datasources/lineage.loader.js';
import { checkDatabase, type LogDatabase } from './datasources/log-database.js';
import { bindToUpstream } from './datasources/log-upstream.js';
import { createPlatformDatasource } from './datasources/platform.datasource.js';
import { openPostgresLog } from './datasources/postgres.log.js';
import { openSqliteLog } from './datasources/sqlite.log.js';
import { createStartLog } from './datasources/start-log.datasource.js';
import { systemClock } from './datasources/system-clock.js';
import { isTerminal } from './ingestion/ingestion-request.js';
import { START_KEPT_MS } from './ingestion/start-intent.js';
import { createReplicas } from './replicas.js';
import { buildGatewaySchema } from './server/build-schema.js';
import { serveExplorer } from './server/explorer.js';
import { toExplorerContent } from './server/explorer-tabs.js';
import { createGraphQLServer } from './server/graphql-server.js';
import { serveHealth } from './server/health.js';
import { GRAPHQL_PATH } from './server/http.js';
import { createMetrics } from './server/metrics.js';
import { createOperationLog } from './server/operation-log.js';
import { readPersistedOperations } from './server/persisted-operations.js';
import { anonymousSignIn, createSignIn, type SignIn, type SignInConfig } from './server/sign-in.js';
import { createStarts } from './starts.js';
import { createHub } from './watch/hub.js';
import { startPruner } from './watch/pruner.js';
import { createWatcher } from './watch/watcher.js';

/** How long what is under way on shutdown may take, in ms from its beginning. */
export interface DrainDeadlines {
  /** Calls to the upstream that are still under way are called off. */
  readonly callOffAfterMs: number;
  /** HTTP connections that are still open are cut. */
  readonly cutAfterMs: number;
}

const defaultDeadlines: DrainDeadlines = { callOffAfterMs: 6_000, cutAfterMs: 8_000 };

/** A submission of a retry that is under way on shutdown is called off after this long. */
const CALL_OFF_RETRY_AFTER_MS = 1_000;

const DAY_MS = 86_400_000;

/** What polls leave of the budget is for those who start and ask. */
const POLLS_SHARE_OF_BUDGET = 0.8;

/** The configuration of a gateway whose upstream is known. */
export type GatewayConfig = Omit<Config, 'upstream' | 'logLevel' | 'dataDir'> & {
  readonly upstream: RemoteUpstream;
  /** The mapping in the explorer's ready-made tabs. */
  readonly explorerMappingId: string;
  /** How long an ABORTED request’s first retry waits, in ms, where that is not 5 s. */
  readonly retryBackoffMs?: number;
};

/** A running gateway. */
export interface Gateway {
  /** Such as `http://127.0.0.1:4000`. */
  readonly url: string;
  /**
   * Take no new work, finish what is under way, close every socket, then let go of everything else.
   * Takes at most some 9 s.
   */
  stop(): Promise<void>;
}

/**
 * Build every part, join them, and listen.
 *
 * @param onFatal - the log's disk cannot be relied on: the process must end, and nothing more be told
 * @throws {LogUnusableError} the log cannot be used
 * @throws where the address cannot be listened on; everything that was started is stopped again
 */
export async function startGateway(
  config: GatewayConfig,
  logger: Logger,
  onFatal: (error: Error) => void,
  deadlines = defaultDeadlines,
): Promise<Gateway> {
  await using starting = new AsyncDisposableStack();
  const clock = systemClock;
  const metrics = createMetrics();

  const processId = randomUUID();
  const database = await openLogDatabase(config.database, onFatal, metrics.setBus);
  const startLog = createStartLog(database, processId);
  const log = await createIngestionLog(database);
  starting.defer(() => log.close());
  await bindToUpstream(database, config.upstream.identity);
  const replicas = createReplicas({
    database,
    log,
    processId,
    remote: config.upstream,
    maxRps: config.maxRps,
    timeoutMs: config.timeoutMs,
    clock,
    logger,
    countLeaseLoss: metrics.countLeaseLoss,
    onCompanyChanged: () => starts.takeOver(),
  });
  const upstream = createCampaignDatasource({
    ...config.upstream,
    timeoutMs: config.timeoutMs,
    maxRps: config.maxRps,
    statusRequestIdIn: config.statusRequestIdIn,
    clock,
    shared: replicas.upstream,
    onCall: metrics.observeUpstreamCall,
  });
  starting.defer(() => upstream.close());

  const platform = config.platform
    ? createPlatformDatasource({
        ...config.platform,
        timeoutMs: config.timeoutMs,
        clock,
        onCall: metrics.observePlatformCall,
      })
    : null;
  starting.defer(() => platform?.close());

  const hub = createHub();
  log.onAppended((transition) => {
    hub.publish(transition);
    if (isTerminal(transition.to.status)) watcher.end(transition.ref);
    if (transition.to.status === 'ABORTED') void starts.lookForRetries();
  });
  const watcher = createWatcher({
    upstream,
    log,
    clock,
    leases: replicas.leases,
    plan: {
      minMs: config.pollMinMs,
      maxMs: config.pollMaxMs,
      maxPollsPerSecond: config.maxRps * POLLS_SHARE_OF_BUDGET,
    },
    events: {
      onTransition: metrics.countTransition,
      onRegression(ref, known, seen) {
        metrics.countRegression();
        logger.warn({ ref, known, seen }, 'The upstream went back on a terminal status');
      },
      onPollFailed(ref, error, consecutiveFailures) {
        logger.warn({ ref, err: error, consecutiveFailures }, 'A poll failed; the watch goes on');
      },
    },
  });
  starting.defer(() => replicas.stop());
  starting.defer(async () => {
    // Nobody waits any more for the polls that are under way: without the call-off they would take as long
    // as the upstream likes.
    const stopped = watcher.stop();
    await upstream.close();
    await stopped;
  });
  const starts = createStarts({
    upstream,
    watches: watcher,
    log,
    starts: startLog,
    clock,
    processId,
    otherProcesses: replicas.otherProcesses,
    answerTimeoutMs: config.timeoutMs,
    retryBackoffMs: config.retryBackoffMs,
    metrics,
    logger,
  });
  starting.defer(() => starts.stop());
  starting.defer(async () => {
    const callOff = setTimeout(() => void upstream.close(), CALL_OFF_RETRY_AFTER_MS);
    await starts.stopRetries();
    clearTimeout(callOff);
  });
  await replicas.start(watcher);
  await starts.takeOver();
  const stopPruner = startPruner({
    log,
    clock,
    retentionMs: config.retentionDays * DAY_MS,
    onFailed: (error) => logger.error({ err: error }, 'Old requests could not be pruned'),
  });
  starting.defer(stopPruner);
  const stopStartPruner = startPruner({
    log: startLog,
    clock,
    retentionMs: START_KEPT_MS,
    onFailed: (error) => logger.error({ err: error }, 'Old starts could not be pruned'),
  });
  starting.defer(stopStartPruner);
  const { callerCounts } = replicas;
  if (callerCounts) {
    const stopCountPruner = startPruner({
      log: callerCounts,
      clock,
      retentionMs: 0,
      onFailed: (error) =>
        logger.error({ err: error }, 'Old counts of callers could not be pruned'),
    });
    starting.defer(stopCountPruner);
  }

  const schema = await buildGatewaySchema({
    starter: starts.starter,
    log,
    watches: watcher,
    clock,
  });
  const { persistedOperationsFile, ...exposure } = config.exposure;
  const persistedOperations =
    persistedOperationsFile === null ? null : readPersistedOperations(persistedOperationsFile);
  const logOperation = createOperationLog(logger);
  let draining = false;
  const isDraining = () => draining;
  const signIn = config.signIn ? openSignIn(config.signIn, starting, logger) : anonymousSignIn;
  const { server, httpSignIn, webSockets, unreadAnswers, fanOut, ...graphql } =
    await createGraphQLServer({
      schema,
      signIn,
      clock,
      exposure: { ...exposure, persistedOperations },
      newLimiter: callerCounts?.newLimiter,
      followed: { log, hub, watches: watcher },
      newLoaders: () => ({
        requests: createIngestionRequestLoader(log),
        lineages: createLineageLoader(startLog),
        batches: platform && createIngestionBatchLoader(platform),
      }),
      reportOperation(report) {
        logOperation(report);
        metrics.observeOperation(report);
      },
      isDraining,
      logger,
    });
  serveHealth(server, { upstream, checkLog: () => checkDatabase(database), clock }, isDraining);
  const gauges = {
    watches: () => watcher.watchCount,
    listeners: () => fanOut.followerCount,
    sockets: () => webSockets.socketCount,
    bufferedBytes: () => webSockets.bufferedBytes,
    unreadBytes: () => unreadAnswers.bytes,
    replicas: replicas.livingCount,
  };
  metrics.serve(server, gauges, httpSignIn.require('metrics:read'));
  if (exposure.hasExplorer) {
    const content = toExplorerContent(config.explorerMappingId, config.signIn !== null);
    await serveExplorer(server, GRAPHQL_PATH, content);
  }
  starting.defer(async () => {
    draining = true;
    const callOff = setTimeout(() => void upstream.close(), deadlines.callOffAfterMs);
    const cut = setTimeout(() => server.server.closeAllConnections(), deadlines.cutAfterMs);
    await graphql.stop();
    clearTimeout(callOff);
    clearTimeout(cut);
  });

  await server.listen({ host: config.host, port: config.port });
  const { port } = server.server.address() as AddressInfo;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  const running = starting.move();
  return { url: `http://${host}:${port}`, stop: () => running.disposeAsync() };
}

function openSignIn(config: SignInConfig, starting: AsyncDisposableStack, logger: Logger): SignIn {
  const signIn = createSignIn(config, systemClock, logger);
  const { apiKeysFile } = config;
  if (apiKeysFile) starting.defer(watchApiKeys(apiKeysFile, signIn.replaceApiKeys, logger));
  return signIn;
}

/** @throws {LogUnusableError} */
function openLogDatabase(
  database: DatabaseConfig,
  onFatal: (error: Error) => void,
  onListening: (isListening: boolean) => void,
): Promise<LogDatabase> {
  switch (database.kind) {
    case 'sqlite':
      return openSqliteLog({ dataDir: database.dataDir, onFatal });
    case 'postgres':
      return openPostgresLog({ ...database, onFatal, onListening });
  }
}
