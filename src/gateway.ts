import type { Logger } from 'pino';
import { watchApiKeys } from './config/api-keys-file.js';
import type { RemoteUpstream } from './config/upstream.js';
import type { Config, DatabaseConfig } from './config.js';
import { createAdministrationDatasource } from './datasources/administration/administration.datasource.js';
import { createAdministrationLoader } from './datasources/administration/administration.loader.js';
import { createIngestionLog } from './datasources/log/ingestion-log.datasource.js';
import { createIngestionRequestLoader } from './datasources/log/ingestion-request.loader.js';
import { createLineageLoader } from './datasources/log/lineage.loader.js';
import { checkDatabase, type LogDatabase } from './datasources/log/log-database.js';
import { bindToUpstream } from './datasources/log/log-upstream.js';
import { openSqliteLog } from './datasources/log/sqlite/sqlite.log.js';
import { openStartLog } from './datasources/log/start-log.datasource.js';
import { createUsualDurationLoader } from './datasources/log/usual-duration.loader.js';
import { openWatchQueue } from './datasources/log/watch-queue.datasource.js';
import { createIngestionBatchLoader } from './datasources/platform/ingestion-batch.loader.js';
import { createPlatformDatasource } from './datasources/platform/platform.datasource.js';
import { createCampaignDatasource } from './datasources/upstream/campaign.datasource.js';
import type { OutgoingProxies } from './datasources/upstream/outgoing-proxy.js';
import type { Clock } from './ingestion/ports.js';
import { START_KEPT_MS } from './ingestion/start-intent.js';
import { readFileLimit } from './process/file-limit.js';
import { stopWithin } from './process/stop-within.js';
import { systemClock } from './process/system-clock.js';
import { shareWithReplicas } from './replicas.js';
import { createRefusalLog } from './server/admission/refusal-log.js';
import { createGraphQLServer } from './server/graphql-server.js';
import { GRAPHQL_PATH } from './server/http/http.js';
import { listen } from './server/listen.js';
import { serveHealth } from './server/monitoring/health.js';
import { createMetrics } from './server/monitoring/metrics.js';
import type { Phase } from './server/monitoring/phase.js';
import { createPollFailureLog } from './server/monitoring/poll-failure-log.js';
import { createTransitionLog } from './server/monitoring/transition-log.js';
import { createUpstreamHealth } from './server/monitoring/upstream-health.js';
import { createUpstreamLog } from './server/monitoring/upstream-log.js';
import { buildGatewaySchema } from './server/operations/build-schema.js';
import { createOperationLog } from './server/operations/operation-log.js';
import { readPersistedOperations } from './server/operations/persisted-operations.js';
import { serveConsole } from './server/pages/console.js';
import { EXPLORER_PATH, serveExplorer } from './server/pages/explorer.js';
import { toExplorerContent } from './server/pages/explorer-tabs.js';
import { createOpenIdOrigins } from './server/pages/open-id-origins.js';
import {
  anonymousSignIn,
  createSignIn,
  type SignIn,
  type SignInConfig,
} from './server/sign-in/sign-in.js';
import { createStarts } from './starts.js';
import { createHub } from './watch/hub.js';
import { startPruner } from './watch/pruner.js';
import { createRunHistory } from './watch/run-history.js';
import { createWatcher } from './watch/watcher.js';

/** The deadlines of a stop, in ms from its beginning. */
export interface StopDeadlines {
  /** Calls to the upstream that are still in progress are cancelled. */
  readonly cancelAfterMs: number;
  /** Connections that are still open are closed at once. */
  readonly cutAfterMs: number;
  /** The stop is given up: the rest is left to the end of the process. */
  readonly giveUpAfterMs: number;
}

/**
 * With everything else that a process has to stop, this fits into the 10 s after which Docker kills it.
 *
 * @see docs/adr/0024-how-a-process-stops.md
 */
const defaultDeadlines: StopDeadlines = {
  cancelAfterMs: 5_000,
  cutAfterMs: 6_500,
  giveUpAfterMs: 8_000,
};

/** On shutdown, a retry that is being submitted is cancelled after this. */
const CANCEL_RETRY_AFTER_MS = 1_000;

const DAY_MS = 86_400_000;

/**
 * The default price of a poll, in ms of lag: a run of two minutes about which nothing is known is polled about every
 * five seconds near its end.
 */
const POLL_PRICE_MS = 100;

/** How many polls wait for their turn at a time: as many as there are turns in this many seconds. */
const POLLS_AHEAD_S = 0.25;

/** The maximum: some 20 KB each, claimed again 20 times a second. */
const MAX_POLLS_AHEAD = 250;

/** The time that a poll takes besides its call, in ms: to record it in the log, and plan the next one. */
const SETTLE_MS = 5_000;

/** How long the count of watches is reused, in ms. */
const WATCH_COUNT_KEPT_MS = 1_000;

/** The configuration of a gateway with a known upstream. */
export type GatewayConfig = Omit<
  Config,
  'upstream' | 'logLevel' | 'logForm' | 'dataDir' | 'drainDelayMs'
> & {
  readonly upstream: RemoteUpstream;
  /** The mapping in the explorer's ready-made tabs. */
  readonly explorerMappingId: string;
  /** The pause before an ABORTED request's first retry, in ms, if not 5 s. */
  readonly retryBackoffMs?: number;
  /** The price of a poll, in ms of lag, if not 100 ms. */
  readonly pollPriceMs?: number;
};

/** A running gateway. */
export interface Gateway {
  /** Such as `http://127.0.0.1:4000`. */
  readonly url: string;
  /** Have `/readyz` say that this process is about to stop; it still serves everything. */
  announceStop(): void;
  /**
   * Accept no new work, finish what is in progress, close every socket, then close everything else.
   *
   * @throws {StopTimeoutError} not everything stopped within 8 s
   */
  stop(): Promise<void>;
}

/**
 * Create every part, join them, and listen.
 *
 * @param onFatal - the log's disk is unreliable: the process must end, and send no more answers
 * @throws {LogUnusableError} the log can't be used
 * @throws {ListenError} listening on the address failed; everything that was started has been stopped again
 */
export async function startGateway(
  config: GatewayConfig,
  logger: Logger,
  onFatal: (error: Error) => void,
  deadlines = defaultDeadlines,
): Promise<Gateway> {
  await using starting = new AsyncDisposableStack();
  const clock = systemClock;
  let phase: Phase = 'serving';
  const network = { clock, maxWaitMs: config.maxWaitMs, proxies: config.proxies };
  const metrics = createMetrics();

  const database = await openLogDatabase(config.database, onFatal, metrics.setBus, logger);
  const log = await createIngestionLog(database).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  starting.defer(() => log.close());
  const startLog = await openStartLog(database, clock, config.timeoutMs);
  await bindToUpstream(database, config.upstream.identity);
  const shared = shareWithReplicas({
    database,
    remote: config.upstream,
    maxRps: config.maxRps,
    timeoutMs: config.timeoutMs,
    maxWaitMs: config.maxWaitMs,
    clock,
  });
  const upstream = createCampaignDatasource({
    ...config.upstream,
    timeoutMs: config.timeoutMs,
    maxRps: config.maxRps,
    statusRequestIdIn: config.statusRequestIdIn,
    ...network,
    shared: shared.upstream,
    onCall(call) {
      metrics.observeUpstreamCall(call);
      // A token says nothing about the upstream, which is another host; nor does a call that a drain cancels.
      const tells = call.operation !== 'token' && phase !== 'draining';
      if (tells) upstreamHealth.observe(call.outcome, call.error);
    },
  });
  const upstreamHealth = createUpstreamHealth(
    upstream,
    clock,
    createUpstreamLog(logger, clock, config.upstream.identity),
  );
  starting.defer(() => upstream.close());

  const platform = config.platform
    ? createPlatformDatasource({
        ...config.platform,
        timeoutMs: config.timeoutMs,
        ...network,
        onCall: metrics.observePlatformCall,
      })
    : null;
  starting.defer(() => platform?.close());

  const administration = config.upstream.administration
    ? createAdministrationDatasource({
        url: config.upstream.url,
        token: config.upstream.administration,
        timeoutMs: config.timeoutMs,
        ...network,
      })
    : null;
  starting.defer(() => administration?.close());

  const hub = createHub((ref) => watcher.prioritize(ref));
  const runHistory = createRunHistory({
    log,
    clock,
    onFailed: (error) => logger.warn({ err: error }, 'How long runs last could not be looked up'),
  });
  log.onAppended((transition) => {
    hub.publish(transition);
    runHistory.observe(transition);
    if (transition.to.status === 'ABORTED') void starts.lookForRetries();
    if (transition.to.status === 'SUCCESS' && transition.to.numRecords === null) {
      logger.warn(transition.ref, 'The upstream reported a success without a readable count');
    }
  });
  const logTransition = createTransitionLog(logger);
  const queue = await openWatchQueue({
    database,
    log,
    clock,
    holdMs: config.timeoutMs + SETTLE_MS,
    // Requests with the same `Retry-After` are spread after it.
    maxRetryAfterMs: 2 * config.maxWaitMs,
  });
  const watcher = createWatcher({
    upstream,
    log,
    clock,
    queue,
    modelOf: runHistory.modelOf,
    isFollowed: hub.hasListeners,
    plan: {
      minMs: config.pollMinMs,
      maxMs: config.pollMaxMs,
      pollPriceMs: config.pollPriceMs ?? POLL_PRICE_MS,
      maxWaitingPolls: Math.min(MAX_POLLS_AHEAD, Math.ceil(config.maxRps * POLLS_AHEAD_S)),
    },
    events: {
      onTransition(transition, record) {
        metrics.countTransition(transition.to.status);
        logTransition(transition, record);
      },
      onRegression(ref, known, seen) {
        metrics.countRegression();
        logger.warn({ ref, known, seen }, 'The upstream contradicted a terminal status');
      },
      onPollFailed: createPollFailureLog(logger),
      onForgotten(ref) {
        metrics.countForgotten();
        logger.warn(
          ref,
          'The upstream has not known this request for long, so it is no longer watched',
        );
      },
      onQueueFailed: (error) => logger.warn({ err: error }, 'Due polls cannot be claimed now'),
    },
  });
  starting.defer(async () => {
    // Nobody waits for the polls in progress any more. Without the cancellation they would take as long as the
    // upstream likes.
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
    retryBackoffMs: config.retryBackoffMs,
    metrics,
    logger,
  });
  starting.defer(() => starts.stop());
  starting.defer(async () => {
    const cancelTimer = setTimeout(() => void upstream.close(), CANCEL_RETRY_AFTER_MS);
    await starts.stopRetries();
    clearTimeout(cancelTimer);
  });
  watcher.start();
  await starts.begin();
  const { callerCounts } = shared;
  starting.defer(
    startPruner({
      all: [
        { name: 'requests', log, retentionMs: config.retentionDays * DAY_MS },
        { name: 'starts', log: startLog, retentionMs: START_KEPT_MS },
        ...(callerCounts ? [{ name: 'counts of callers', log: callerCounts, retentionMs: 0 }] : []),
      ],
      clock,
      onFailed: (error, name) => logger.error({ err: error }, `Old ${name} could not be pruned`),
    }),
  );

  const schema = await buildGatewaySchema(
    {
      startIngestion: starts.startIngestion,
      log,
      watches: watcher,
      administration,
      clock,
      pollMaxMs: config.pollMaxMs,
    },
    config.isSubgraph,
  );
  const { persistedOperationsFile, ...exposure } = config.exposure;
  const persistedOperations =
    persistedOperationsFile === null ? null : readPersistedOperations(persistedOperationsFile);
  const logOperation = createOperationLog(logger);
  const logRefusal = createRefusalLog(logger, clock);
  const signIn = config.signIn
    ? openSignIn(config.signIn, config.proxies, starting, logger)
    : anonymousSignIn;
  const { server, httpSignIn, webSockets, streams, unreadAnswers, fanOut, ...graphql } =
    await createGraphQLServer({
      schema,
      signIn,
      clock,
      exposure: { ...exposure, persistedOperations },
      newLimiter: callerCounts?.newLimiter,
      followSources: { log, hub, watches: watcher },
      newLoaders: (callerKey) => ({
        requests: createIngestionRequestLoader(log),
        lineages: createLineageLoader(startLog),
        usualDurations: createUsualDurationLoader(log),
        administration: administration && createAdministrationLoader(administration, callerKey),
        batches: platform && createIngestionBatchLoader(platform, callerKey),
      }),
      fileLimit: readFileLimit(),
      reportOperation(report) {
        logOperation(report);
        metrics.observeOperation(report);
      },
      reportRefusal(report) {
        logRefusal(report);
        metrics.countRefusal(report);
      },
      phase: () => phase,
      logger,
    });
  serveHealth(server, {
    upstreamHealth,
    checkLog: () => checkDatabase(database),
    clock,
    phase: () => phase,
  });
  const gauges = {
    watches: keepFor(WATCH_COUNT_KEPT_MS, clock, queue.count),
    listeners: () => fanOut.followerCount,
    sockets: () => webSockets.socketCount,
    streams: () => streams.streamCount,
    bufferedBytes: () => webSockets.bufferedBytes,
    isUpstreamDegraded: () => upstreamHealth.state.status === 'degraded',
    unreadBytes: () => unreadAnswers.bytes + streams.bufferedBytes,
  };
  metrics.serve(server, gauges, httpSignIn.require('metrics:read'));
  if (exposure.hasConsole) {
    const { openId } = config;
    const content = { explorerPath: exposure.hasExplorer ? EXPLORER_PATH : null, openId };
    const onFailed = (error: unknown) =>
      logger.warn({ err: error }, 'The OpenID provider does not say where its token endpoint is');
    const findOrigins = openId
      ? createOpenIdOrigins({ issuer: openId.issuer, clock, proxies: config.proxies, onFailed })
      : async () => [];
    await serveConsole(server, content, findOrigins);
  }
  if (exposure.hasExplorer) {
    const content = toExplorerContent(config.explorerMappingId, config.signIn !== null);
    await serveExplorer(server, GRAPHQL_PATH, content);
  }
  starting.defer(async () => {
    phase = 'draining';
    const cancelTimer = setTimeout(() => {
      logger.warn('Cancelling the calls that the upstream has not answered yet');
      void upstream.close();
      void platform?.close();
      void administration?.close();
    }, deadlines.cancelAfterMs);
    const cut = setTimeout(() => {
      const connectionCount = graphql.cut();
      logger.warn({ connectionCount }, 'Cut the connections that were still open');
    }, deadlines.cutAfterMs);
    await graphql.stop();
    clearTimeout(cancelTimer);
    clearTimeout(cut);
  });

  const url = await listen(server, config.host, config.port);
  const running = starting.move();
  return {
    url,
    announceStop() {
      if (phase === 'serving') phase = 'leaving';
    },
    stop: () => stopWithin(deadlines.giveUpAfterMs, running.disposeAsync()),
  };
}

/** The last result, while it is no older than this. */
function keepFor<T>(keptMs: number, clock: Clock, look: () => Promise<T>): () => Promise<T> {
  let kept: { readonly found: Promise<T>; readonly atMs: number } | null = null;
  return () => {
    const nowMs = clock.monotonicMs();
    if (!kept || nowMs - kept.atMs > keptMs) kept = { found: look(), atMs: nowMs };
    return kept.found;
  };
}

function openSignIn(
  config: SignInConfig,
  proxies: OutgoingProxies,
  starting: AsyncDisposableStack,
  logger: Logger,
): SignIn {
  const signIn = createSignIn(config, systemClock, logger, proxies);
  const { apiKeysFile } = config;
  if (apiKeysFile) starting.defer(watchApiKeys(apiKeysFile, signIn.replaceApiKeys, logger));
  return signIn;
}

/** @throws {LogUnusableError} */
async function openLogDatabase(
  database: DatabaseConfig,
  onFatal: (error: Error) => void,
  onListening: (isListening: boolean) => void,
  logger: Logger,
): Promise<LogDatabase> {
  switch (database.kind) {
    case 'sqlite':
      return openSqliteLog({ dataDir: database.dataDir, onFatal });
    case 'postgres': {
      // Its libraries take a moment to import.
      const { openPostgresLog } = await import('./datasources/log/postgres/postgres.log.js');
      return openPostgresLog({
        ...database,
        onFatal,
        onListening,
        onWarning: (warning) => logger.warn(warning),
      });
    }
  }
}
