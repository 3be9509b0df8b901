import type { Logger } from 'pino';
import type { IngestionRecord } from './ingestion/ingestion-request.js';
import type { Clock, IngestionLog, StartLog, Upstream, Watches } from './ingestion/ports.js';
import { createStartIngestion, type StartIngestion } from './ingestion/start-ingestion.js';
import type { StartIntent } from './ingestion/start-intent.js';
import { createStartSender } from './ingestion/start-sender.js';
import type { Metrics } from './server/monitoring/metrics.js';
import { createRetries } from './watch/retries.js';

/** How long an ABORTED request’s first retry waits, in ms. */
const RETRY_BACKOFF_MS = 5_000;

/** How often answers that are overdue are looked for, and retries that are due soon, in ms. */
const LOOK_MS = 2_000;

/** What starting ingestions needs. */
export interface StartsOptions {
  readonly upstream: Pick<Upstream, 'start'>;
  readonly watches: Pick<Watches, 'observe' | 'poll'>;
  readonly log: Pick<IngestionLog, 'find' | 'list'>;
  readonly starts: StartLog;
  readonly clock: Clock;
  /** How long an ABORTED request’s first retry waits, in ms, where that is not 5 s. */
  readonly retryBackoffMs?: number | undefined;
  readonly metrics: Pick<Metrics, 'countUnknownStart' | 'countRetry' | 'countRegression'>;
  readonly logger: Logger;
}

/** All that starts ingestions: for those who ask, and again for what was aborted. */
export interface Starts {
  readonly startIngestion: StartIngestion;
  /** See to retries that the log says are to be. */
  lookForRetries(): Promise<void>;
  /**
   * See to what is due, whoever left it: answers and retries. Again and again from now on.
   *
   * @throws {LogUnavailableError} the first time
   */
  begin(): Promise<void>;
  /** Send no more retries; resolves once none is being sent. */
  stopRetries(): Promise<void>;
  /** Save no more answers. */
  stop(): Promise<void>;
}

/** Join the parts that start ingestions, and tell of what they do. */
export function createStarts(options: StartsOptions): Starts {
  const { upstream, watches, log, starts, clock, metrics, logger } = options;
  let cancelLook = () => {};
  let looking: Promise<void> = Promise.resolve();
  let isStopped = false;

  const onOutcomeUnknown = ({ intentId, mappingId, createdAt }: StartIntent, error: unknown) => {
    metrics.countUnknownStart();
    logger.warn(
      { intentId, mappingId, createdAt: new Date(createdAt), err: error },
      'Whether this start was taken is unknown; it is not sent again',
    );
  };
  // It may have ended before the start was answered with it: then no transition tells of its retry.
  const onNamed = ({ state }: IngestionRecord) => {
    if (state.status === 'ABORTED') void retries.look();
  };
  const sender = createStartSender({
    upstream,
    watches,
    starts,
    clock,
    onOutcomeUnknown,
    onIdGivenAgain(ref) {
      metrics.countRegression();
      logger.warn(
        { ref },
        'The upstream named a new start by the id of a request that was running before',
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
        .then(() => retries.look())
        .catch((error: unknown) =>
          logger.warn({ err: error }, 'Overdue answers cannot be looked for now'),
        )
        .then(lookLater);
    });
  }

  return {
    startIngestion,
    lookForRetries: () => retries.look(),
    async begin() {
      await sender.settleOverdue();
      await retries.look();
      lookLater();
    },
    stopRetries: () => retries.stop(),
    async stop() {
      isStopped = true;
      cancelLook();
      sender.stop();
      await looking;
    },
  };
}
