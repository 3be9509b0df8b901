import { afterEach, beforeEach } from '@jest/globals';
import { UpstreamError } from '../../src/ingestion/gateway-error.js';
import type { Clock } from '../../src/ingestion/ports.js';
import { createStartSender } from '../../src/ingestion/start-sender.js';
import type { Submission } from '../../src/ingestion/submission.js';
import { createRetries, type Retries } from '../../src/watch/retries.js';
import { createWatcher } from '../../src/watch/watcher.js';
import { createManualClock, type ManualClock } from '../support/manual-clock.js';
import { emptyQueue, noWatcherEvents } from '../support/memory-watches.js';
import { type OpenedLogs, openStartLog } from '../support/open-start-log.js';
import { standInFor } from '../support/stand-in.js';

export const mappingId = 'XDM44';
export const ref = { mappingId, requestId: '1' };
export const down = new UpstreamError('UPSTREAM_UNAVAILABLE', 'The upstream is down.');
export const busy = new UpstreamError('UPSTREAM_RATE_LIMITED', 'Slowly.', {
  retryAfterMs: 600_000,
});
export const lost = new UpstreamError('UPSTREAM_TIMEOUT', 'No answer.', { outcomeUnknown: true });
export const taken: Submission = { kind: 'submitted', requestId: '2', info: 'submitted' };

const BACKOFF_MS = 5_000;

/** A log with aborted requests, and an upstream that their retries are submitted to. */
export interface UsedRetries {
  readonly opened: OpenedLogs;
  readonly clock: ManualClock;
  /** What the upstream answers next; without, it is down. */
  readonly answers: (Submission | Error)[];
  /** When the upstream was called, in ms since the test began. */
  readonly calls: readonly number[];
  /** The outcomes of the tries. */
  readonly told: readonly string[];
  createSubject(): Retries;
  /** Append a request that is now ABORTED, and its retry, by the clock of the process that records it. */
  abortOne(by?: Clock): Promise<void>;
  /** Advance the time, also of a database with its own clock. */
  pass(ms: number): Promise<void>;
  /** Wait for the outcome of the next try, whose steps include disk writes. */
  untilTried(): Promise<void>;
  /** Advance until the next retry is due, and wait for its outcome. */
  nextTry(): Promise<void>;
}

/** Open a log for each test of the file that calls this. */
export function useRetries(): UsedRetries {
  let opened: OpenedLogs;
  let clock: ManualClock;
  let tried: PromiseWithResolvers<void>;
  let abortedAt: number;
  const calls: number[] = [];
  const answers: (Submission | Error)[] = [];
  const told: string[] = [];

  beforeEach(async () => {
    clock = createManualClock();
    opened = await openStartLog(clock);
    for (const list of [calls, answers, told]) list.length = 0;
    tried = Promise.withResolvers();
    abortedAt = clock.now();
  });

  afterEach(() => opened.dispose());

  function tell(outcome: string): void {
    told.push(outcome);
    tried.resolve();
    tried = Promise.withResolvers();
  }

  function createSubject(): Retries {
    const upstream = {
      async start() {
        calls.push(clock.now() - abortedAt);
        const answer = answers.shift() ?? down;
        if (answer instanceof Error) throw answer;
        return answer;
      },
      status: () => new Promise<never>(() => {}),
      expedite: () => {},
    };
    const watches = createWatcher({
      upstream,
      log: opened.log,
      clock,
      queue: emptyQueue,
      plan: { minMs: 1e9, maxMs: 1e9, maxWaitingPolls: 1e6, pollPriceMs: 100 },
      events: noWatcherEvents,
    });
    const { starts } = opened;
    const sender = createStartSender({
      upstream,
      watches,
      starts,
      clock,
      onOutcomeUnknown: () => {},
      onIdReused: () => {},
      onNamed: () => {},
    });
    return createRetries({
      starts,
      sender,
      clock,
      backoffMs: BACKOFF_MS,
      random: () => 0,
      events: {
        onTried: (_intent, outcome) => tell(outcome),
        onFailed: (error) => tell(String(error)),
      },
    });
  }

  async function pass(ms: number): Promise<void> {
    if (globalThis.logDatabaseKind === 'postgres') await opened.pass(ms);
    await clock.advance(ms);
  }

  return {
    opened: standInFor(() => opened),
    clock: standInFor(() => clock),
    answers,
    calls,
    told,
    createSubject,
    async abortOne(by = clock) {
      const start = { mappingId, retryOnAbort: 1, caller: null, idempotencyKey: null };
      const { intent } = await opened.starts.begin({ ...start, createdAt: by.now() }, 'first');
      const seen = { status: 'ABORTED', info: '', batchId: null } as const;
      const answer = { intentId: intent.intentId, kind: 'submitted', message: '' } as const;
      await opened.log.append({ ref, seen, observedAt: by.now(), answers: answer });
    },
    pass,
    untilTried: () => tried.promise,
    async nextTry() {
      const { promise } = tried;
      const [dueMs] = clock.pendingMs();
      if (dueMs === undefined) throw new Error('No retry is waiting.');
      await pass(dueMs);
      await promise;
    },
  };
}
