import {
  BadUserInputError,
  GatewayError,
  LogUnavailableError,
  RequestNotFoundError,
  UpstreamError,
  type UpstreamErrorCode,
} from './gateway-error.js';
import type { IngestionRecord, RequestRef } from './ingestion-request.js';
import type { Clock, IngestionLog, StartLog, Upstream, Watches } from './ports.js';
import {
  isSameInput,
  type NamedStart,
  type NamingKind,
  type RefusalKind,
  type StartIdentity,
  type StartInput,
  type StartIntent,
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

export interface StarterOptions {
  readonly upstream: Pick<Upstream, 'start'>;
  readonly watches: Watches;
  readonly log: Pick<IngestionLog, 'find' | 'list'>;
  readonly starts: StartLog;
  readonly clock: Clock;
  /** Told of each start that may or may not have been taken. */
  readonly onOutcomeUnknown: (intent: StartIntent, error: unknown) => void;
  /** Told of each request that a start was answered with, as it stands then. */
  readonly onNamed: (record: IngestionRecord) => void;
}

/** Starts ingestions, each once. */
export interface Starter {
  /**
   * Start an ingestion of a mapping. The upstream is asked once; a request that it names is observed as
   * IN_PROGRESS, the answer to the start being the first that is heard of it.
   *
   * With a key that the caller used before, nothing is started: the outcome is that of the first call, whose
   * answer is waited for where it is under way. Where that outcome is unknown, what was seen of the mapping
   * since then is looked into. A first call that the upstream certainly did not take is no start: its key is
   * free again.
   *
   * @throws {BadUserInputError} the key belongs to a call with another input
   * @throws {UpstreamError} with `outcomeUnknown` where the upstream may have taken the request
   * @throws {LogUnavailableError} nothing was sent; or, with `outcomeUnknown`, the answer could not be kept
   */
  start(input: StartInput, identity: StartIdentity): Promise<StartOutcome>;

  /**
   * Send a start that the log has as sent, and settle it.
   *
   * @throws as `start` does; an error that does not leave the outcome unknown means that it was not taken
   */
  submit(intent: StartIntent): Promise<StartOutcome>;

  /**
   * Try once more to keep answers that the log could not take when they came.
   *
   * @throws {LogUnavailableError} it still cannot
   */
  keepAnswers(): Promise<void>;

  /** Try no more by itself. What could not be kept is found as unknown at the next start. */
  stop(): void;
}

/** How long to wait before the log is asked once more to take an answer, in ms. */
const KEEP_AGAIN_MS = 1_000;

export function createStarter({
  upstream,
  watches,
  log,
  starts,
  clock,
  onOutcomeUnknown,
  onNamed,
}: StarterOptions): Starter {
  /** First calls that are under way, by caller and key. */
  const underWay = new Map<string, { input: StartInput; outcome: Promise<StartOutcome> }>();
  /** What became of sent starts and is not in the log, by intent: the log could not take it. */
  const unkept = new Map<number, () => Promise<unknown>>();
  let cancelKeeping = () => {};
  let isStopped = false;

  function start(input: StartInput, identity: StartIdentity): Promise<StartOutcome> {
    const { caller, idempotencyKey } = identity;
    if (idempotencyKey === null) return startNow(input, identity);
    const key = JSON.stringify([caller, idempotencyKey]);
    const first = underWay.get(key);
    if (first) {
      if (!isSameInput(first.input, input)) return Promise.reject(otherInput());
      return first.outcome;
    }
    const outcome = startNow(input, identity).finally(() => underWay.delete(key));
    underWay.set(key, { input, outcome });
    return outcome;
  }

  async function startNow(input: StartInput, identity: StartIdentity): Promise<StartOutcome> {
    const { mappingId, retryOnAbort } = input;
    const { caller, idempotencyKey } = identity;
    const createdAt = clock.now();
    const begun = await starts.begin({
      mappingId,
      retryOnAbort,
      caller,
      idempotencyKey,
      createdAt,
    });
    if (begun.kind === 'begun') return submit(begun.intent);
    if (!isSameInput(begun.intent, input)) throw otherInput();
    return repeat(begun.intent);
  }

  async function submit(intent: StartIntent): Promise<StartOutcome> {
    const { intentId } = intent;
    let submission: Submission;
    try {
      submission = toUsable(await upstream.start(intent.mappingId), intent);
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
      if (!(error instanceof LogUnavailableError)) throw error;
      unkept.set(intentId, keep);
      keepLater();
      throw new LogUnavailableError(
        'The upstream was asked for this start, and the log cannot be written now to keep what came of it. Repeat the call with the same idempotencyKey to hear of it; without one, look before starting it again.',
        { cause: error, outcomeUnknown: true },
      );
    }
  }

  async function keepAnswers(): Promise<void> {
    for (const [intentId, keep] of unkept) await kept(intentId, keep);
  }

  function keepLater(): void {
    if (isStopped) return;
    cancelKeeping();
    cancelKeeping = clock.schedule(KEEP_AGAIN_MS, () => void keepAnswers().catch(unlessOurs));
  }

  async function settle(
    { intentId, mappingId }: StartIntent,
    submission: Submission,
  ): Promise<StartOutcome> {
    const message = submission.info;
    switch (submission.kind) {
      case 'submitted':
      case 'alreadyInProgress': {
        const { kind, requestId } = submission;
        const seen = { status: 'IN_PROGRESS', info: message, batchId: null } as const;
        const answer = { intentId, kind, message };
        const record = await watches.observe({ mappingId, requestId }, seen, answer);
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

  /** What a start that is in the log already came to. */
  async function repeat(intent: StartIntent): Promise<StartOutcome> {
    const { intentId, state, mappingId } = intent;
    switch (state.kind) {
      case 'submitted':
      case 'alreadyInProgress':
        return toOutcome(state);
      case 'mappingNotStopped':
      case 'mappingNotPublished':
      case 'refused':
        return { kind: state.kind, mappingId, message: state.message };
      case 'sent':
      case 'waiting': {
        // Nobody waits for its answer any more: it could not be kept, or was never heard.
        const keep = unkept.get(intentId);
        if (keep) await kept(intentId, keep);
        else await starts.settle(intentId, { ...toUnknown(null), settledAt: clock.now() });
        return startNow(intent, intent);
      }
      case 'unknown':
      case 'abandoned':
        return lookInto(intent);
    }
  }

  async function lookInto(intent: StartIntent): Promise<StartOutcome> {
    const running = await findRunning(intent.mappingId);
    const { state } = await starts.lookInto(intent.intentId, running, clock.now());
    if (state.kind === 'submitted' || state.kind === 'alreadyInProgress') return toOutcome(state);
    const code = state.kind === 'unknown' ? toErrorCode(state.code) : 'UPSTREAM_UNAVAILABLE';
    throw new UpstreamError(
      code,
      'Whether the first call with this idempotencyKey started the ingestion is still unknown: no answer to it came, and of this mapping no request has been seen since then that tells. Nothing was sent again. Look before starting it again, with another key; or repeat this call once the request has been seen by this gateway.',
      { outcomeUnknown: true },
    );
  }

  /** The requests of a mapping that the upstream says, now, are running. */
  async function findRunning(mappingId: string): Promise<RequestRef[]> {
    const known = await log.list(
      { mappingIds: [mappingId], statuses: ['IN_PROGRESS'] },
      null,
      MAX_LOOKED_AT,
    );
    const polled = await Promise.all(known.map(({ ref }) => watches.poll(ref).catch(unlessOurs)));
    return polled.flatMap((record) => (record?.state.status === 'IN_PROGRESS' ? [record.ref] : []));
  }

  async function toOutcome({ kind, ref, message }: NamedStart): Promise<StartOutcome> {
    const [known] = await log.find([ref]);
    const record = known ?? (await watches.poll(ref));
    if (!record) {
      throw new RequestNotFoundError(
        'The upstream does not know the request of this start any more.',
      );
    }
    onNamed(record);
    return { kind, record, message };
  }

  return {
    start,
    submit,
    keepAnswers,
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

/** A mapping has one request running; what else the log has as running was not polled lately. */
const MAX_LOOKED_AT = 5;

function otherInput(): BadUserInputError {
  return new BadUserInputError(
    'This idempotencyKey was used within the last 24 hours for a start with another input. Use a key of its own for each start.',
  );
}

function isOurs(error: unknown): boolean {
  return error instanceof GatewayError;
}

function unlessOurs(error: unknown): null {
  if (isOurs(error)) return null;
  throw error;
}

function toUnknown(error: unknown): { kind: 'unknown'; code: UpstreamErrorCode; message: string } {
  return error instanceof UpstreamError
    ? { kind: 'unknown', code: error.code, message: error.message }
    : {
        kind: 'unknown',
        code: 'UPSTREAM_UNAVAILABLE',
        message: 'The gateway did not hear the upstream’s answer.',
      };
}

/** @param code - as the log kept it */
function toErrorCode(code: string): UpstreamErrorCode {
  return code === 'UPSTREAM_TIMEOUT' || code === 'UPSTREAM_INVALID_RESPONSE'
    ? code
    : 'UPSTREAM_UNAVAILABLE';
}
