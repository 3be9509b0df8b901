import {
  GatewayError,
  LogDamagedError,
  LogUnavailableError,
  StartForgottenError,
  UpstreamError,
} from './gateway-error.js';
import {
  type IngestionRecord,
  type IngestionStatus,
  isTerminal,
  type RequestRef,
} from './ingestion-request.js';
import type { Clock, StartLog, Upstream, Watches } from './ports.js';
import {
  ID_GIVEN_AGAIN,
  type NamingKind,
  neverHeard,
  type RefusalKind,
  type StartIntent,
  type UnansweredStart,
} from './start-intent.js';
import type { Submission } from './submission.js';

/** What a start came to: a request that is watched from now on, or a refusal. `message` is the upstream's. */
export type StartOutcome =
  | {
      readonly kind: NamingKind;
      readonly record: IngestionRecord;
      readonly message: string;
    }
  | {
      readonly kind: RefusalKind;
      readonly mappingId: string;
      readonly message: string;
    };

/** What a sender of starts needs. */
export interface StartSenderOptions {
  readonly upstream: Pick<Upstream, 'start'>;
  readonly watches: Pick<Watches, 'observe'>;
  readonly starts: Pick<
    StartLog,
    'settle' | 'takeBack' | 'statusBefore' | 'lookInto' | 'settleOverdue'
  >;
  readonly clock: Clock;
  /** Told of each start that may or may not have been taken. */
  readonly onOutcomeUnknown: (intent: StartIntent, error: unknown) => void;
  /** Told of each request still running by whose id the upstream names a new start. */
  readonly onIdGivenAgain: (ref: RequestRef) => void;
  /** Told of each request that a start was answered with, as it stands then. */
  readonly onNamed: (record: IngestionRecord) => void;
}

/** Sends starts that are in the log, and writes down what comes of them. */
export interface StartSender {
  /**
   * Send a start that the log has as sent, once, and settle it. A request that the upstream names is observed
   * as IN_PROGRESS, the answer to the start being the first that is heard of it.
   *
   * @param sending - the one that the log has
   * @param caller - who waits for it
   * @throws {UpstreamError} with `outcomeUnknown` where the upstream may have taken the request; else it did
   *   not, and the start is taken back. Also where the upstream names as new a request that was known before,
   *   or as running one that had ended: what is known of that one is not told as what this start came to.
   * @throws {LogUnavailableError} with `outcomeUnknown`: there was an answer, and it could not be kept
   */
  send(intent: StartIntent, sending: string, caller: string): Promise<StartOutcome>;

  /**
   * Try once more to save what came of a start, where the log could not take it when it came.
   *
   * @returns whether there was anything to save
   * @throws {LogUnavailableError} it still cannot
   */
  saveAnswer(intentId: number): Promise<boolean>;

  /** Take care that the log does not have a sending that never left; now, or as soon as it can be written. */
  takeBack(intentId: number, sending: string): Promise<void>;

  /**
   * Settle as unknown the starts whose answers are overdue, whoever sent them; and then, where what was seen of their
   * mappings tells, as what they came to.
   *
   * @throws {LogUnavailableError}
   */
  settleOverdue(): Promise<void>;

  /** Try no more by itself. What could not be saved is unknown once its answer is due. */
  stop(): void;
}

/** How long to wait before the log is asked once more to take an answer, in ms. */
const SAVE_AGAIN_MS = 1_000;

/** Build what sends starts, each once. */
export function createStartSender({
  upstream,
  watches,
  starts,
  clock,
  onOutcomeUnknown,
  onIdGivenAgain,
  onNamed,
}: StartSenderOptions): StartSender {
  /** What became of sent starts and is not in the log, by intent: the log could not take it. */
  const unsaved = new Map<number, () => Promise<unknown>>();
  /** Of these, what the log is being asked to take now. Another try beside it could come after the next sending. */
  const saving = new Map<number, Promise<unknown>>();
  let cancelSaving = () => {};
  let isStopped = false;

  async function send(intent: StartIntent, sending: string, caller: string): Promise<StartOutcome> {
    const { intentId } = intent;
    let submission: Submission;
    try {
      submission = toUsable(await upstream.start(intent.mappingId, caller), intent);
    } catch (error) {
      // An error that nobody foresaw says nothing of how far the call had come.
      const isUnknown = error instanceof UpstreamError ? error.outcomeUnknown : !isOurs(error);
      const settledAt = clock.now();
      await save(intentId, () =>
        isUnknown
          ? starts.settle(intentId, { ...toUnknown(error), settledAt })
          : starts.takeBack(intentId, sending),
      ).catch(unlessOurs);
      if (isUnknown) onOutcomeUnknown(intent, error);
      throw error;
    }
    return save(intentId, () => settle(intent, sending, submission));
  }

  /** Save an answer in the log; where that fails, keep it in mind, so that it can be tried again. */
  async function save<T>(intentId: number, write: () => Promise<T>): Promise<T> {
    try {
      const result = await write();
      unsaved.delete(intentId);
      return result;
    } catch (error) {
      if (!(error instanceof LogUnavailableError || error instanceof LogDamagedError)) {
        unsaved.delete(intentId);
        throw error;
      }
      unsaved.set(intentId, write);
      saveLater();
      throw new LogUnavailableError(
        'The upstream was asked for this start, and the log cannot be written now to keep what came of it. Repeat the call with the same idempotencyKey to hear of it; without one, look before starting it again.',
        { cause: error, outcomeUnknown: true },
      );
    }
  }

  async function saveAnswer(intentId: number): Promise<boolean> {
    const write = unsaved.get(intentId);
    if (!write) return false;
    const underWay =
      saving.get(intentId) ?? save(intentId, write).finally(() => saving.delete(intentId));
    saving.set(intentId, underWay);
    await underWay;
    return true;
  }

  function saveLater(): void {
    if (isStopped) return;
    cancelSaving();
    cancelSaving = clock.schedule(SAVE_AGAIN_MS, () => {
      for (const intentId of unsaved.keys()) void saveAnswer(intentId).catch(unlessOurs);
    });
  }

  async function settle(
    intent: StartIntent,
    sending: string,
    submission: Submission,
  ): Promise<StartOutcome> {
    const { intentId, mappingId } = intent;
    const message = submission.info;
    switch (submission.kind) {
      case 'submitted':
      case 'alreadyInProgress': {
        const { kind, requestId } = submission;
        const seen = { status: 'IN_PROGRESS', info: message, batchId: null } as const;
        const ref = { mappingId, requestId };
        const before = await starts.statusBefore(intentId, ref);
        if (before !== null && (kind === 'submitted' || isTerminal(before))) {
          // Counted and told as what it is, where it has ended: the upstream goes back on a status.
          const { state } = await watches.observe(ref, seen);
          if (!isTerminal(state.status)) onIdGivenAgain(ref);
          return refuseOld(intent, sending, toOldAnswer(submission, state.status));
        }
        const answer = { intentId, kind, message };
        const record = await watches.observe(ref, seen, answer);
        onNamed(record);
        return { kind, record, message };
      }
      case 'mappingNotStopped':
      case 'mappingNotPublished':
      case 'refused': {
        const { kind } = submission;
        await starts.settle(intentId, { kind, message, settledAt: clock.now() });
        return { kind, mappingId, message };
      }
    }
  }

  /** Leave a start without the request that it was answered with. */
  async function refuseOld(
    intent: StartIntent,
    sending: string,
    error: UpstreamError,
  ): Promise<never> {
    const { intentId } = intent;
    if (error.outcomeUnknown) {
      const unknown = { ...toUnknown(error), code: ID_GIVEN_AGAIN };
      await starts.settle(intentId, { ...unknown, settledAt: clock.now() });
      onOutcomeUnknown(intent, error);
    } else {
      await starts.takeBack(intentId, sending);
    }
    throw error;
  }

  return {
    send,
    saveAnswer,
    async takeBack(intentId, sending) {
      // In mind at once: whoever asks for this start meanwhile must not take its answer for one that was lost.
      unsaved.set(intentId, () => starts.takeBack(intentId, sending));
      await saveAnswer(intentId).catch(unlessOurs);
    },
    async settleOverdue() {
      // What was heard goes before what was not.
      for (const intentId of unsaved.keys()) await saveAnswer(intentId);
      const now = clock.now();
      for (const intent of await starts.settleOverdue(now)) {
        try {
          await starts.lookInto(intent.intentId, [], now);
        } catch (error) {
          // Its sender heard, after all, that the upstream did not take it.
          if (error instanceof StartForgottenError) continue;
          throw error;
        }
        onOutcomeUnknown(intent, null);
      }
    },
    stop() {
      isStopped = true;
      cancelSaving();
    },
  };
}

/**
 * An answer as it can be used for a start. An upstream that names the ABORTED request in place of a new one
 * has not noticed yet that it is over.
 */
function toUsable(submission: Submission, { retryOf }: StartIntent): Submission {
  if (submission.kind !== 'alreadyInProgress' || submission.requestId !== retryOf?.requestId) {
    return submission;
  }
  throw new UpstreamError(
    'UPSTREAM_UNAVAILABLE',
    'The upstream still takes the aborted request for one in progress, and started no other.',
  );
}

/**
 * An answer that names a request which was known before the start was sent. An upstream that was put back to an
 * older state gives ids again; one that has not noticed an end yet says that the request still runs.
 */
function toOldAnswer(
  { kind, requestId }: Extract<Submission, { readonly kind: NamingKind }>,
  status: IngestionStatus,
): UpstreamError {
  return kind === 'submitted'
    ? new UpstreamError(
        'UPSTREAM_INVALID_RESPONSE',
        `The upstream took this start and named it ${requestId}, the id of an earlier request of this mapping, which ${toStanding(status)}. What becomes of the new one cannot be told from the old one. Look at it upstream before starting it again; the operator should find out whether the upstream was put back to an older state.`,
        { outcomeUnknown: true },
      )
    : new UpstreamError(
        'UPSTREAM_INVALID_RESPONSE',
        `The upstream started nothing: it takes request ${requestId} of this mapping for one in progress, which ended as ${status}. Try again later; the operator should find out whether the upstream was put back to an older state.`,
      );
}

function toStanding(status: IngestionStatus): string {
  return isTerminal(status) ? `ended as ${status}` : 'was in progress before';
}

function isOurs(error: unknown): boolean {
  return error instanceof GatewayError;
}

function unlessOurs(error: unknown): void {
  if (!isOurs(error)) throw error;
}

function toUnknown(
  error: unknown,
): Pick<UnansweredStart, 'code' | 'message'> & { kind: 'unknown' } {
  return error instanceof UpstreamError
    ? { kind: 'unknown', code: error.code, message: error.message }
    : { kind: 'unknown', ...neverHeard };
}
