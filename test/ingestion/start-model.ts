import { UpstreamError } from '../../src/ingestion/gateway-error.js';
import type { ReportedState } from '../../src/ingestion/ingestion-request.js';
import { createStartIngestion } from '../../src/ingestion/start-ingestion.js';
import { createStartSender } from '../../src/ingestion/start-sender.js';
import type { Submission } from '../../src/ingestion/submission.js';
import { createWatcher } from '../../src/watch/watcher.js';
import { createManualClock } from '../support/manual-clock.js';
import { emptyQueue, noWatcherEvents } from '../support/memory-watches.js';
import type { OpenedLogs } from '../support/open-start-log.js';

/** The mapping of every start. */
export const mappingId = 'XDM44';

/** The fate of a POST: what the upstream does with it, and what of that is heard. */
export const fates = ['answered', 'answerLost', 'neverArrived', 'notTaken', 'refused'] as const;
/** One of them. */
export type Fate = (typeof fates)[number];

const lost = new UpstreamError('UPSTREAM_TIMEOUT', 'No answer.', { outcomeUnknown: true });
const notTaken = new UpstreamError('UPSTREAM_RATE_LIMITED', 'Slowly.');

/** One POST, as the upstream sees it. */
interface Post {
  readonly key: string | null;
  readonly fate: Fate;
  readonly at: number;
}

/** An upstream that runs a mapping once at a time. */
export function createModel() {
  const clock = createManualClock();
  const posts: Post[] = [];
  const endedAt = new Map<string, number>();
  const held: (() => void)[] = [];
  let lastId = 0;
  let runningId: string | null = null;

  function take(): Submission {
    if (runningId !== null) {
      return { kind: 'alreadyInProgress', requestId: runningId, info: 'already in progress' };
    }
    lastId += 1;
    runningId = String(lastId);
    return { kind: 'submitted', requestId: runningId, info: 'submitted' };
  }

  return {
    clock,
    posts,
    endedAt,
    /** Ids that the upstream gave to a start although an earlier request had them. */
    reusedIds: [] as string[],
    /** Make a POST with this fate, immediately or once it is released. */
    async post(key: string | null, fate: Fate, isHeld: boolean): Promise<Submission> {
      posts.push({ key, fate, at: clock.now() });
      if (isHeld) await new Promise<void>((resolve) => held.push(resolve));
      switch (fate) {
        case 'answered':
          return take();
        case 'answerLost':
          take();
          throw lost;
        case 'neverArrived':
          throw lost;
        case 'notTaken':
          throw notTaken;
        case 'refused':
          return { kind: 'refused', info: 'no' };
      }
    },
    status(requestId: string): ReportedState {
      return requestId === runningId
        ? { status: 'IN_PROGRESS', info: 'running', batchId: null }
        : { status: 'SUCCESS', info: 'done', batchId: null, numRecords: 1 };
    },
    finish(): void {
      if (runningId !== null) endedAt.set(runningId, clock.now());
      runningId = null;
    },
    release(): void {
      for (const release of held.splice(0)) release();
    },
  };
}

/** Such an upstream. */
export type Model = ReturnType<typeof createModel>;

/** One life of a gateway: after its end, nobody hears its calls. */
export function live(model: Model, { starts, log }: OpenedLogs, nextFate: () => [Fate, boolean]) {
  const { clock } = model;
  let isDead = false;
  let key: string | null = null;
  const watches = createWatcher({
    upstream: { status: async (ref) => model.status(ref.requestId), expedite: () => {} },
    log,
    clock,
    queue: emptyQueue,
    plan: { minMs: 1e9, maxMs: 1e9, maxWaitingPolls: 1e6, pollPriceMs: 100 },
    events: noWatcherEvents,
  });
  const sender = createStartSender({
    upstream: {
      start: () => (isDead ? new Promise<never>(() => {}) : model.post(key, ...nextFate())),
    },
    watches,
    starts,
    clock,
    onOutcomeUnknown: () => {},
    onIdReused: ({ requestId }) => model.reusedIds.push(requestId),
    onNamed: () => {},
  });
  const startIngestion = createStartIngestion({
    sender: {
      ...sender,
      send(intent, sending, caller) {
        // The call to the upstream is the first thing that it does.
        key = intent.idempotencyKey;
        return sender.send(intent, sending, caller);
      },
    },
    watches,
    log,
    starts,
    clock,
    onNamed: () => {},
  });
  return {
    /** What every gateway does at its start, and repeatedly from then on. */
    settleOverdue: () => sender.settleOverdue(),
    start: (idempotencyKey: string | null) =>
      startIngestion({ mappingId, retryOnAbort: 0 }, { caller: null, idempotencyKey }, 'somebody'),
    die() {
      isDead = true;
      sender.stop();
    },
  };
}
