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
  lostAnswer,
  type NamingKind,
  REUSED_ID,
  type RefusalKind,
  type StartIntent,
  type UnansweredStart,
} from './start-intent.js';
import type { Submission } from './submission.js';

/** The result of a start: a request, which is watched from now on, or a refusal. `message` is the upstream's. */
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

/** How long to wait before asking the log again to store an answer, in ms. */
const SAVE_AGAIN_MS = 1_000;

/** Sends starts that are in the log, and records their outcomes. */
export type StartSender = ReturnType<typeof createStartSender>;

/** Create a sender that sends each start once. */
export function createStartSender({
  upstream,
  watches,
  starts,
  clock,
  onOutcomeUnknown,
  onIdReused,
  onNamed,
}: {
  readonly upstream: Pick<Upstream, 'start'>;
  readonly watches: Pick<Watches, 'observe'>;
  readonly starts: Pick<
    StartLog,
    'settle' | 'withdraw' | 'statusBefore' | 'resolveUnknown' | 'settleOverdue'
  >;
  readonly clock: Clock;
  /** Called for each start that may or may not have been accepted. */
  readonly onOutcomeUnknown: (intent: StartIntent, error: unknown) => void;
  /** Called for each running request whose id the upstream gives to a new start. */
  readonly onIdReused: (ref: RequestRef) => void;
  /** Called with the current state of each request that answers a start. */
  readonly onNamed: (record: IngestionRecord) => void;
}) {
  /** Outcomes of sent starts that the log could not store, by intent. */
  const unsaved = new Map<number, () => Promise<unknown>>();
  /** Those of them that are being stored now. A concurrent second try could land after the next sending. */
  const saving = new Map<number, Promise<unknown>>();
  let cancelSaving = () => {};
  let isStopped = false;

  async function send(intent: StartIntent, sending: string, caller: string): Promise<StartOutcome> {
    const { intentId } = intent;
    let submission: Submission;
    try {
      submission = toUsable(await upstream.start(intent.mappingId, caller), intent);
    } catch (error) {
      // An unforeseen error does not tell how far the call got.
      const isUnknown = error instanceof UpstreamError ? error.outcomeUnknown : !isOurs(error);
      const settledAt = clock.now();
      await save(intentId, () =>
        isUnknown
          ? starts.settle(intentId, { ...toUnknown(error), settledAt })
          : starts.withdraw(intentId, sending),
      ).catch(unlessOurs);
      if (isUnknown) onOutcomeUnknown(intent, error);
      throw error;
    }
    return save(intentId, () => settle(intent, sending, submission));
  }

  /** Store an answer in the log. If that fails, keep it for a retry. */
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
        'The start was sent, but the log cannot store its outcome now. Repeat the call with the same idempotencyKey to get the outcome; without a key, check in Campaign before you start it again.',
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
          // If it has ended, this is counted and reported as a regression.
          const { state } = await watches.observe(ref, seen);
          if (!isTerminal(state.status)) onIdReused(ref);
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

  /** Settle a start without the request that answered it. */
  async function refuseOld(
    intent: StartIntent,
    sending: string,
    error: UpstreamError,
  ): Promise<never> {
    const { intentId } = intent;
    if (error.outcomeUnknown) {
      const unknown = { ...toUnknown(error), code: REUSED_ID };
      await starts.settle(intentId, { ...unknown, settledAt: clock.now() });
      onOutcomeUnknown(intent, error);
    } else {
      await starts.withdraw(intentId, sending);
    }
    throw error;
  }

  return {
    /**
     * Send a start that the log has as sent, once, and settle it. If the upstream names a request, that request is
     * observed as IN_PROGRESS: the answer to the start is its first observation.
     *
     * @param sending - as in the log
     * @param caller - who waits for it
     * @throws {UpstreamError} with `outcomeUnknown` if the upstream may have accepted the start; otherwise it did not,
     *   and the start is withdrawn. Also if the upstream names a known request as new, or an ended one as running: the
     *   old request is never reported as the result of this start.
     * @throws {LogUnavailableError} with `outcomeUnknown`: there was an answer, but the log could not store it
     */
    send,
    /**
     * Try again to store the outcome of a start that the log could not store when it arrived.
     *
     * @returns whether there was anything to store
     * @throws {LogUnavailableError} it still cannot
     */
    saveAnswer,
    /** Remove a sending that never left from the log, now or as soon as the log can be written. */
    async withdraw(intentId: number, sending: string): Promise<void> {
      // Keep this at once: a repeat of this start must not take its answer for lost.
      unsaved.set(intentId, () => starts.withdraw(intentId, sending));
      await saveAnswer(intentId).catch(unlessOurs);
    },
    /**
     * Settle overdue starts as unknown, whoever sent them. Then resolve them, if what was seen of their mappings allows
     * it.
     *
     * @throws {LogUnavailableError}
     */
    async settleOverdue(): Promise<void> {
      // Store known answers before overdue ones.
      for (const intentId of unsaved.keys()) await saveAnswer(intentId);
      const now = clock.now();
      for (const intent of await starts.settleOverdue(now)) {
        try {
          await starts.resolveUnknown(intent.intentId, [], now);
        } catch (error) {
          // Its sender learned that the upstream did not accept it.
          if (error instanceof StartForgottenError) continue;
          throw error;
        }
        onOutcomeUnknown(intent, null);
      }
    },
    /** Stop retrying. Outcomes that could not be stored become unknown once their answers are due. */
    stop(): void {
      isStopped = true;
      cancelSaving();
    },
  };
}

/**
 * A usable answer to a start. If the upstream names the ABORTED request instead of a new one, it has not noticed yet
 * that the request is over.
 */
function toUsable(submission: Submission, { retryOf }: StartIntent): Submission {
  if (submission.kind !== 'alreadyInProgress' || submission.requestId !== retryOf?.requestId) {
    return submission;
  }
  throw new UpstreamError(
    'UPSTREAM_UNAVAILABLE',
    'The upstream still considers the aborted request in progress, and started no other.',
  );
}

/**
 * An answer that names a request known before the start was sent. An upstream that was restored to an older state
 * reuses ids; one that has not noticed an end yet says that the request is still running.
 */
function toOldAnswer(
  { kind, requestId }: Extract<Submission, { readonly kind: NamingKind }>,
  status: IngestionStatus,
): UpstreamError {
  return kind === 'submitted'
    ? new UpstreamError(
        'UPSTREAM_INVALID_RESPONSE',
        `The upstream accepted this start and gave it ${requestId}, the id of an earlier request of this mapping, which ${toStanding(status)}. The gateway cannot tell the new run from the old one. Check in Campaign before you start it again. The operator should find out whether the upstream was restored to an older state.`,
        { outcomeUnknown: true },
      )
    : new UpstreamError(
        'UPSTREAM_INVALID_RESPONSE',
        `The upstream started nothing: it considers request ${requestId} of this mapping in progress, but that one ended as ${status}. Try again later. The operator should find out whether the upstream was restored to an older state.`,
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
    : { kind: 'unknown', ...lostAnswer };
}
