import {
  GatewayError,
  LogDamagedError,
  LogUnavailableError,
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

/** What a submitter needs. */
export interface SubmitterOptions {
  readonly upstream: Pick<Upstream, 'start'>;
  readonly watches: Pick<Watches, 'observe'>;
  readonly starts: Pick<StartLog, 'settle' | 'withdraw' | 'callOff' | 'statusBefore'>;
  readonly clock: Clock;
  /** Told of each start that may or may not have been taken. */
  readonly onOutcomeUnknown: (intent: StartIntent, error: unknown) => void;
  /** Told of each request still running by whose id the upstream names a new start. */
  readonly onIdGivenAgain: (ref: RequestRef) => void;
  /** Told of each request that a start was answered with, as it stands then. */
  readonly onNamed: (record: IngestionRecord) => void;
}

/** Sends starts that are in the log, and writes down what comes of them. */
export interface Submitter {
  /**
   * Send a start that the log has as sent, once, and settle it. A request that the upstream names is observed
   * as IN_PROGRESS, the answer to the start being the first that is heard of it.
   *
   * @param caller - who waits for it
   * @throws {UpstreamError} with `outcomeUnknown` where the upstream may have taken the request; else it did
   *   not, and the start is withdrawn. Also where the upstream names as new a request that was known before,
   *   or as running one that had ended: what is known of that one is not told as what this start came to.
   * @throws {LogUnavailableError} with `outcomeUnknown`: there was an answer, and it could not be kept
   */
  submit(intent: StartIntent, caller: string): Promise<StartOutcome>;

  /**
   * Try once more to keep what came of a start, where the log could not take it when it came.
   *
   * @returns whether there was anything to keep
   * @throws {LogUnavailableError} it still cannot
   */
  keepAnswer(intentId: number): Promise<boolean>;

  /** Take care that the log does not have a start as sent that was not; now, or as soon as it can be written. */
  callOff(intentId: number): Promise<void>;

  /** Try no more by itself. What could not be kept is found as unknown at the next start. */
  stop(): void;
}

/** How long to wait before the log is asked once more to take an answer, in ms. */
const KEEP_AGAIN_MS = 1_000;

/** Build what submits starts, each once. */
export function createSubmitter({
  upstream,
  watches,
  starts,
  clock,
  onOutcomeUnknown,
  onIdGivenAgain,
  onNamed,
}: SubmitterOptions): Submitter {
  /** What became of sent starts and is not in the log, by intent: the log could not take it. */
  const unkept = new Map<number, () => Promise<unknown>>();
  /** Of these, what the log is being asked to take now. Another try beside it could come after the next sending. */
  const keeping = new Map<number, Promise<unknown>>();
  let cancelKeeping = () => {};
  let isStopped = false;

  async function submit(intent: StartIntent, caller: string): Promise<StartOutcome> {
    const { intentId } = intent;
    let submission: Submission;
    try {
      submission = toUsable(await upstream.start(intent.mappingId, caller), intent);
    } catch (error) {
      // An error that nobody foresaw says nothing of how far the call had come.
      const isUnknown = error instanceof UpstreamError ? error.outcomeUnknown : !isOurs(error);
      const settledAt = clock.now();
      await kept(intentId, () =>
        isUnknown
          ? starts.settle(intentId, { ...toUnknown(error), settledAt })
          : starts.withdraw(intentId),
      ).catch(unlessOurs);
      if (isUnknown) onOutcomeUnknown(intent, error);
      throw error;
    }
    return kept(intentId, () => settle(intent, submission));
  }

  /** Keep an answer in the log; where that fails, keep it in mind, so that it can be tried again. */
  async function kept<T>(intentId: number, keep: () => Promise<T>): Promise<T> {
    try {
      const result = await keep();
      unkept.delete(intentId);
      return result;
    } catch (error) {
      if (!(error instanceof LogUnavailableError || error instanceof LogDamagedError)) {
        unkept.delete(intentId);
        throw error;
      }
      unkept.set(intentId, keep);
      keepLater();
      throw new LogUnavailableError(
        'The upstream was asked for this start, and the log cannot be written now to keep what came of it. Repeat the call with the same idempotencyKey to hear of it; without one, look before starting it again.',
        { cause: error, outcomeUnknown: true },
      );
    }
  }

  async function keepAnswer(intentId: number): Promise<boolean> {
    const keep = unkept.get(intentId);
    if (!keep) return false;
    const underWay =
      keeping.get(intentId) ?? kept(intentId, keep).finally(() => keeping.delete(intentId));
    keeping.set(intentId, underWay);
    await underWay;
    return true;
  }

  function keepLater(): void {
    if (isStopped) return;
    cancelKeeping();
    cancelKeeping = clock.schedule(KEEP_AGAIN_MS, () => {
      for (const intentId of unkept.keys()) void keepAnswer(intentId).catch(unlessOurs);
    });
  }

  async function settle(intent: StartIntent, submission: Submission): Promise<StartOutcome> {
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
          return refuseOld(intent, toOldAnswer(submission, state.status));
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
  async function refuseOld(intent: StartIntent, error: UpstreamError): Promise<never> {
    const { intentId } = intent;
    if (error.outcomeUnknown) {
      const unknown = { ...toUnknown(error), code: ID_GIVEN_AGAIN };
      await starts.settle(intentId, { ...unknown, settledAt: clock.now() });
      onOutcomeUnknown(intent, error);
    } else {
      await starts.withdraw(intentId);
    }
    throw error;
  }

  return {
    submit,
    keepAnswer,
    async callOff(intentId) {
      // In mind at once: whoever asks for this start meanwhile must not take its answer for one that was lost.
      unkept.set(intentId, () => starts.callOff(intentId));
      await keepAnswer(intentId).catch(unlessOurs);
    },
    stop() {
      isStopped = true;
      cancelKeeping();
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

/** Of a start whose answer nobody has heard. */
export const neverHeard = {
  code: 'UPSTREAM_UNAVAILABLE',
  message: 'The gateway did not hear the upstream’s answer.',
} as const;
