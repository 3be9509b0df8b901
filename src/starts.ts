import type { Logger } from 'pino';
import { StartForgottenError } from './ingestion/gateway-error.js';
import type { IngestionRecord } from './ingestion/ingestion-request.js';
import type { Clock, IngestionLog, StartLog, Upstream, Watches } from './ingestion/ports.js';
import { createStarter, type Starter } from './ingestion/start-ingestion.js';
import type { StartIntent } from './ingestion/start-intent.js';
import { createSubmitter } from './ingestion/submitter.js';
import type { Metrics } from './server/metrics.js';
import { createRetrier } from './watch/retrier.js';

/** How long an ABORTED request’s first retry waits, in ms. */
const RETRY_BACKOFF_MS = 5_000;

/** What starting ingestions needs. */
export interface StartsOptions {
  readonly upstream: Pick<Upstream, 'start'>;
  readonly watches: Pick<Watches, 'observe' | 'poll'>;
  readonly log: Pick<IngestionLog, 'find' | 'list'>;
  readonly starts: StartLog;
  readonly clock: Clock;
  /** Names this process. */
  readonly processId: string;
  /** The names of the others that may still hear answers. */
  readonly otherProcesses: () => Promise<readonly string[]>;
  /** How long an answer may be on its way, in ms. */
  readonly answerTimeoutMs: number;
  /** How long an ABORTED request’s first retry waits, in ms, where that is not 5 s. */
  readonly retryBackoffMs?: number | undefined;
  readonly metrics: Pick<Metrics, 'countUnknownStart' | 'countRetry' | 'countRegression'>;
  readonly logger: Logger;
}

/** All that starts ingestions: for those who ask, and again for what was aborted. */
export interface Starts {
  readonly starter: Starter;
  /** See to retries that the log says are to be. */
  lookForRetries(): Promise<void>;
  /** See to the starts and retries of processes that are gone. */
  takeOver(): Promise<void>;
  /** Submit nothing more; resolves once nothing is under way. */
  stopRetries(): Promise<void>;
  /** Keep no more answers. */
  stop(): void;
}

/** Join the parts that start ingestions, and tell of what they do. */
export function createStarts(options: StartsOptions): Starts {
  const { upstream, watches, log, starts, clock, processId, metrics, logger } = options;
  const { otherProcesses, answerTimeoutMs } = options;

  const onOutcomeUnknown = ({ intentId, mappingId, createdAt }: StartIntent, error: unknown) => {
    metrics.countUnknownStart();
    logger.warn(
      { intentId, mappingId, createdAt: new Date(createdAt), err: error },
      'Whether this start was taken is unknown; it is not sent again',
    );
  };
  // It may have ended before the start was answered with it: then no transition tells of its retry.
  const onNamed = ({ state }: IngestionRecord) => {
    if (state.status === 'ABORTED') void retrier.look();
  };
  const submitter = createSubmitter({
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
  const starter = createStarter({
    submitter,
    watches,
    log,
    starts,
    clock,
    otherProcesses,
    answerTimeoutMs,
    onNamed,
  });
  const retrier = createRetrier({
    starts,
    submitter,
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

  return {
    starter,
    lookForRetries: () => retrier.look(),
    async takeOver() {
      const now = clock.now();
      const findLiving = async () => [...(await otherProcesses()), processId];
      for (const intent of await starts.settleInterrupted(now, findLiving)) {
        try {
          // Nobody was told what came of it, so what is known of it by now is used.
          await starts.lookInto(intent.intentId, [], now);
        } catch (error) {
          // Its sender was not gone after all, and heard that the upstream did not take it.
          if (error instanceof StartForgottenError) continue;
          throw error;
        }
        onOutcomeUnknown(intent, null);
      }
      await retrier.lookAtAll();
    },
    stopRetries: () => retrier.stop(),
    stop: () => submitter.stop(),
  };
}
