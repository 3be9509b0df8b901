import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { Config, RemoteUpstream } from './config.js';
import { createCampaignDatasource } from './datasources/campaign.datasource.js';
import { openIngestionLog } from './datasources/ingestion-log.datasource.js';
import { createIngestionRequestLoader } from './datasources/ingestion-request.loader.js';
import { systemClock } from './datasources/system-clock.js';
import type { IngestionLog } from './ingestion/ports.js';
import type { OperationContext } from './resolvers/operation-context.js';
import { createApolloServer } from './server/apollo.js';
import { buildGatewaySchema } from './server/build-schema.js';
import { serveExplorer } from './server/explorer.js';
import { toExplorerTabs } from './server/explorer-tabs.js';
import { createErrorFormatter } from './server/graphql-errors.js';
import { serveHealth } from './server/health.js';
import { createHttpServer, GRAPHQL_PATH } from './server/http.js';
import { createMetrics } from './server/metrics.js';
import { createOperationLog, type OperationReporter } from './server/operation-log.js';
import { createOperations, type ResultJson } from './server/operations.js';
import { createWebSockets } from './server/websocket.js';
import { createFanOut } from './watch/fan-out.js';
import { createHub } from './watch/hub.js';
import { startPruner } from './watch/pruner.js';
import { createWatcher, type Watcher } from './watch/watcher.js';

/** After this long, calls to the upstream that are still under way on shutdown are called off. */
const CALL_OFF_AFTER_MS = 6_000;

/** After this long, connections that are still open on shutdown are cut. */
const CUT_AFTER_MS = 8_000;

const DAY_MS = 86_400_000;

/** The configuration of a gateway whose upstream is known. */
export type GatewayConfig = Omit<Config, 'upstream' | 'logLevel'> & {
  readonly upstream: RemoteUpstream;
  /** The mapping in the explorer's ready-made tabs. */
  readonly explorerMappingId: string;
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
 * @throws {LogFileError} the log cannot be used
 * @throws where the address cannot be listened on; everything that was started is stopped again
 */
export async function startGateway(
  config: GatewayConfig,
  logger: Logger,
  onFatal: (error: Error) => void,
): Promise<Gateway> {
  await using starting = new AsyncDisposableStack();
  const clock = systemClock;
  const metrics = createMetrics();

  const upstream = createCampaignDatasource({
    ...config.upstream,
    timeoutMs: config.timeoutMs,
    maxRps: config.maxRps,
    statusRequestIdIn: config.statusRequestIdIn,
    clock,
    onCall: metrics.observeUpstreamCall,
  });
  starting.defer(() => upstream.close());

  const log = await openIngestionLog({ dataDir: config.dataDir, onFatal });
  starting.defer(() => log.close());
  const hub = createHub();
  log.onAppended((transition) => {
    metrics.countTransition(transition.to.status);
    hub.publish(transition);
  });
  const watcher = createWatcher({
    upstream,
    log,
    clock,
    plan: { minMs: config.pollMinMs, maxMs: config.pollMaxMs },
    events: {
      onRegression(ref, known, seen) {
        metrics.countRegression();
        logger.warn({ ref, known, seen }, 'The upstream went back on a terminal status');
      },
      onPollFailed(ref, error, consecutiveFailures) {
        logger.warn({ ref, err: error, consecutiveFailures }, 'A poll failed; the watch goes on');
      },
    },
  });
  starting.defer(() => watcher.stop());
  await resumeWatches(log, watcher);
  const stopPruner = startPruner({
    log,
    clock,
    retentionMs: config.retentionDays * DAY_MS,
    onFailed: (error) => logger.error({ err: error }, 'Old requests could not be pruned'),
  });
  starting.defer(stopPruner);

  const schema = await buildGatewaySchema({ upstream, log, watches: watcher, clock });
  const formatError = createErrorFormatter(logger);
  const logOperation = createOperationLog(logger);
  const reportOperation: OperationReporter = (report) => {
    logOperation(report);
    metrics.observeOperation(report);
  };
  const newContext = (): OperationContext => ({
    requests: createIngestionRequestLoader(log),
    followed: { log, hub, watches: watcher },
  });
  const apollo = createApolloServer({ schema, formatError, reportOperation, logger });
  await apollo.start();
  starting.defer(() => apollo.stop());

  const fanOut = createFanOut<ResultJson>({ log, hub });
  const operations = createOperations({
    schema,
    apollo,
    fanOut,
    newContext,
    formatError,
    reportOperation,
  });
  const webSockets = createWebSockets({ operations, logger });
  const server = createHttpServer({ apollo, newContext, webSockets, logger });
  let isDraining = false;
  serveHealth(server, { upstream, clock }, () => isDraining);
  metrics.serve(server, {
    watches: () => watcher.watchCount,
    listeners: () => fanOut.followerCount,
    sockets: () => webSockets.socketCount,
    bufferedBytes: () => webSockets.bufferedBytes,
  });
  await serveExplorer(server, GRAPHQL_PATH, toExplorerTabs(config.explorerMappingId));
  starting.defer(async () => {
    isDraining = true;
    const callOff = setTimeout(() => void upstream.close(), CALL_OFF_AFTER_MS);
    const cut = setTimeout(() => server.server.closeAllConnections(), CUT_AFTER_MS);
    // At once: while the server closes it listens no more, and no new socket can come.
    await Promise.all([server.close(), webSockets.drain()]);
    clearTimeout(callOff);
    clearTimeout(cut);
  });

  await server.listen({ host: config.host, port: config.port });
  const { port } = server.server.address() as AddressInfo;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  const running = starting.move();
  return { url: `http://${host}:${port}`, stop: () => running.disposeAsync() };
}

/** How many requests are taken up again at a time. */
const RESUME_PAGE_ITEMS = 1_000;

async function resumeWatches(
  log: Pick<IngestionLog, 'list'>,
  watcher: Pick<Watcher, 'resume'>,
): Promise<void> {
  for (let before: number | null = null; ; ) {
    const page = await log.list({ statuses: ['IN_PROGRESS'] }, before, RESUME_PAGE_ITEMS);
    watcher.resume(page);
    const oldest = page.at(-1);
    if (!oldest) return;
    before = oldest.firstPosition;
  }
}
