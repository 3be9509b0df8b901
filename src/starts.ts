import type { Logger } from 'pino';
import type { IngestionRecord } from './ingestion/ingestion-request.js';
import type { Clock, IngestionLog, StartLog, Upstream, Watches } from './ingestion/ports.js';
import { createStartIngestion } from './ingestion/start-ingestion.js';
import type { StartIntent } from './ingestion/start-intent.js';
import { createStartSender } from './ingestion/start-sender.js';
import type { Metrics } from './server/monitoring/metrics.js';
import { createRetries } from './watch/retries.js';

/** The pause before an ABORTED request's first retry, in ms. */
const RETRY_BACKOFF_MS = 5_000;

/** How often to look for overdue answers and for retries that are due soon, in ms. */
const LOOK_MS = 2_000;

/** Everything that starts ingestions: for callers, and again for aborted requests. */
export type Starts = ReturnType<typeof createStarts>;

/** Join the parts that start ingestions, and log what they do. */
export function createStarts(options: {
  readonly upstream: Pick<Upstream, 'start'>;
  readonly watches: Pick<Watches, 'observe' | 'poll'>;
  readonly log: Pick<IngestionLog, 'find' | 'list'>;
  readonly starts: StartLog;
  readonly clock: Clock;
  /** The pause before an ABORTED request's first retry, in ms, if not 5 s. */
  readonly retryBackoffMs?: number | undefined;
  readonly metrics: Pick<Metrics, 'countUnknownStart' | 'countRetry' | 'countRegression'>;
  readonly logger: Logger;
}) {
  const { upstream, watches, log, starts, clock, metrics, logger } = options;
  let cancelLook = () => {};
  let looking: Promise<void> = Promise.resolve();
  let isStopped = false;

  const onOutcomeUnknown = ({ intentId, mappingId, createdAt }: StartIntent, error: unknown) => {
    metrics.countUnknownStart();
    logger.warn(
      { intentId, mappingId, createdAt: new Date(createdAt), err: error },
      'It is unknown whether this start was accepted; it is not sent again',
    );
  };
  // It may have ended before the start got this answer: then no transition announces its retry.
  const onNamed = ({ state }: IngestionRecord) => {
    if (state.status === 'ABORTED') void retries.readLog();
  };
  const sender = createStartSender({
    upstream,
    watches,
    starts,
    clock,
    onOutcomeUnknown,
    onIdReused(ref) {
      metrics.countRegression();
      logger.warn(
        { ref },
        'The upstream gave a new start the id of a request that was already running',
      );
    },
    onNamed,
  });
  const startIngestion = createStartIngestion({ sender, watches, log, starts, clock, onNamed });
  const retries = createRetries({
    starts,
    sender,
    clock,
    backoffMs: options.retryBackoffMs ?? RETRY_BACKOFF_MS,
    events: {
      onTried({ mappingId, retryOf, attempt }, outcome, error) {
        metrics.countRetry(outcome);
        const level = outcome === 'taken' ? 'info' : 'warn';
        logger[level](
          { mappingId, retryOf, attempt, outcome, err: error },
          'A retry was submitted',
        );
      },
      onFailed: (error) => logger.error({ err: error }, 'The log of retries could not be used'),
    },
  });

  function lookLater(): void {
    if (isStopped) return;
    cancelLook = clock.schedule(LOOK_MS, () => {
      looking = sender
        .settleOverdue()
        .then(() => retries.readLog())
        .catch((error: unknown) =>
          logger.warn({ err: error }, 'Overdue answers cannot be looked up now'),
        )
        .then(lookLater);
    });
  }

  return {
    startIngestion,
    /** Handle the retries that the log asks for. */
    lookForRetries: () => retries.readLog(),
    /**
     * Handle answers and retries that are due, whoever left them. Repeatedly from now on.
     *
     * @throws {LogUnavailableError} only the first time
     */
    async begin(): Promise<void> {
      await sender.settleOverdue();
      await retries.readLog();
      lookLater();
    },
    /** Send no more retries; resolves once none is being sent. */
    stopRetries: () => retries.stop(),
    /** Store no more answers. */
    async stop(): Promise<void> {
      isStopped = true;
      cancelLook();
      sender.stop();
      await looking;
    },
  };
}
