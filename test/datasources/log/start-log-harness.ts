import { afterEach, beforeEach } from '@jest/globals';
import type { ReportedState, RequestRef } from '../../../src/ingestion/ingestion-request.js';
import type {
  NewStart,
  StartIntent,
  UnansweredStart,
} from '../../../src/ingestion/start-intent.js';
import { type OpenedLogs, openStartLog } from '../../support/open-start-log.js';

export const mappingId = 'XDM44';
export const SENDING = 'the first sending';
export const running: ReportedState = { status: 'IN_PROGRESS', info: 'running', batchId: null };

export const toRef = (requestId: string): RequestRef => ({ mappingId, requestId });

/** A start without a caller and a key. */
export function toStart(changes: Partial<NewStart> = {}): NewStart {
  const start = {
    mappingId,
    retryOnAbort: 0,
    caller: null,
    idempotencyKey: null,
    createdAt: 1_000,
  };
  return { ...start, ...changes };
}

/** The state of a start without an answer. */
export const unknown = (settledAt: number): UnansweredStart => ({
  kind: 'unknown',
  code: 'UPSTREAM_TIMEOUT',
  message: 'no answer',
  settledAt,
});

/** A start log for each test, and the events in the life of a start. */
export interface UsedStartLog extends Omit<OpenedLogs, 'reopen' | 'dispose'> {
  /** Continue as the next process. */
  reopen(): Promise<void>;
  begin(changes?: Partial<NewStart>): Promise<StartIntent>;
  beginUnknown(changes?: Partial<NewStart>): Promise<StartIntent>;
  /** Append the answer that names a request, as the watcher does. */
  answer(
    intent: StartIntent,
    kind: 'submitted' | 'alreadyInProgress',
    requestId: string,
    observedAt?: number,
  ): ReturnType<OpenedLogs['log']['append']>;
  /** The start as logged, when nothing was seen running. */
  look(intent: StartIntent, now?: number): Promise<StartIntent>;
}

/** Open a log for each test of the file that calls this. */
export function useStartLog(): UsedStartLog {
  let opened: OpenedLogs;

  beforeEach(async () => {
    opened = await openStartLog();
  });

  afterEach(() => opened.dispose());

  const begin = async (changes: Partial<NewStart> = {}): Promise<StartIntent> =>
    (await opened.starts.begin(toStart(changes), SENDING)).intent;

  return {
    get starts() {
      return opened.starts;
    },
    get log() {
      return opened.log;
    },
    setFull: (isFull) => opened.setFull(isFull),
    pass: (ms) => opened.pass(ms),
    forgetSendings: () => opened.forgetSendings(),
    async reopen() {
      opened = await opened.reopen();
    },
    begin,
    async beginUnknown(changes = {}) {
      const intent = await begin(changes);
      await opened.starts.settle(intent.intentId, unknown(intent.createdAt + 500));
      return intent;
    },
    answer: ({ intentId }, kind, requestId, observedAt = 2_000) =>
      opened.log.append({
        ref: toRef(requestId),
        seen: running,
        observedAt,
        answers: { intentId, kind, message: `answered ${kind}` },
      }),
    look: ({ intentId }, now = 10_000) => opened.starts.resolveUnknown(intentId, [], now),
  };
}
