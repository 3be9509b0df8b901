import {
  BadUserInputError,
  GatewayError,
  RequestNotFoundError,
  StartForgottenError,
  StartNotSentError,
  UpstreamError,
  type UpstreamErrorCode,
} from './gateway-error.js';
import type { IngestionRecord, RequestRef } from './ingestion-request.js';
import type { Begun, Clock, IngestionLog, StartLog, Watches } from './ports.js';
import {
  ID_GIVEN_AGAIN,
  isSameInput,
  type NamedStart,
  type NewStart,
  type StartIdentity,
  type StartInput,
  type StartIntent,
  type StartState,
} from './start-intent.js';
import { neverHeard, type StartOutcome, type Submitter } from './submitter.js';

/** What a starter needs. */
export interface StarterOptions {
  readonly submitter: Pick<Submitter, 'submit' | 'keepAnswer' | 'callOff'>;
  readonly watches: Pick<Watches, 'poll'>;
  readonly log: Pick<IngestionLog, 'find' | 'list'>;
  readonly starts: Pick<StartLog, 'begin' | 'findSender' | 'settle' | 'lookInto'>;
  readonly clock: Clock;
  /** Names of the other processes that may still hear the answers to starts that they sent. */
  readonly otherProcesses: () => Promise<readonly string[]>;
  /** How long an answer may be on its way, in ms. */
  readonly answerTimeoutMs: number;
  /** Told of each request that a repeated start was answered with, as it stands then. */
  readonly onNamed: (record: IngestionRecord) => void;
}

/** Starts ingestions, each once. */
export interface Starter {
  /**
   * Start an ingestion of a mapping. It is in the log before the upstream is asked, and that is once.
   *
   * With a key that the caller used before, nothing is started: the outcome is that of the first call, whose
   * answer is waited for where it is under way, in this process or another. Where that outcome is unknown, what was seen of the mapping
   * since then is looked into. A first call that the upstream certainly did not take is no start: its key is
   * free again.
   *
   * @param callerKey - tells callers apart, the anonymous ones too: they take turns
   * @throws {BadUserInputError} the key belongs to a call with another input
   * @throws {UpstreamError} with `outcomeUnknown` where the upstream may have taken the request
   * @throws {LogUnavailableError} nothing was sent; or, with `outcomeUnknown`, the answer could not be kept
   */
  start(input: StartInput, identity: StartIdentity, callerKey: string): Promise<StartOutcome>;
}

/** Build what starts ingestions for those who ask. */
export function createStarter({
  submitter,
  watches,
  log,
  starts,
  clock,
  otherProcesses,
  answerTimeoutMs,
  onNamed,
}: StarterOptions): Starter {
  /** First calls that are under way, by caller and key. */
  const underWay = new Map<string, { input: StartInput; outcome: Promise<StartOutcome> }>();

  function start(
    input: StartInput,
    identity: StartIdentity,
    callerKey: string,
  ): Promise<StartOutcome> {
    const { caller, idempotencyKey } = identity;
    if (idempotencyKey === null) return startNow(input, identity, callerKey);
    const key = JSON.stringify([caller, idempotencyKey]);
    const first = underWay.get(key);
    if (first) {
      if (!isSameInput(first.input, input)) return Promise.reject(otherInput());
      return first.outcome;
    }
    const outcome = startNow(input, identity, callerKey).finally(() => underWay.delete(key));
    underWay.set(key, { input, outcome });
    return outcome;
  }

  async function startNow(
    input: StartInput,
    identity: StartIdentity,
    callerKey: string,
  ): Promise<StartOutcome> {
    const { mappingId, retryOnAbort } = input;
    const { caller, idempotencyKey } = identity;
    const createdAt = clock.now();
    const begun = await begin({ mappingId, retryOnAbort, caller, idempotencyKey, createdAt });
    if (begun.kind === 'begun') return submitter.submit(begun.intent, callerKey);
    if (!isSameInput(begun.intent, input)) throw otherInput();
    return repeat(begun.intent, callerKey);
  }

  async function begin(start: NewStart): Promise<Begun> {
    try {
      return await starts.begin(start);
    } catch (error) {
      // Else who repeats the call would be told that its outcome is unknown.
      if (error instanceof StartNotSentError) void submitter.callOff(error.intentId);
      throw error;
    }
  }

  /** What a start that is in the log already came to. */
  async function repeat(intent: StartIntent, callerKey: string): Promise<StartOutcome> {
    const { intentId, state, mappingId } = intent;
    switch (state.kind) {
      case 'submitted':
      case 'alreadyInProgress':
        return toOutcome(state, callerKey);
      case 'mappingNotStopped':
      case 'mappingNotPublished':
      case 'refused':
        return { kind: state.kind, mappingId, message: state.message };
      case 'sent':
      case 'waiting': {
        if (await isUnderWayElsewhere(intent)) return awaitOther(intent, callerKey);
        // Nobody waits for its answer any more: it could not be kept, or was never heard.
        if (!(await submitter.keepAnswer(intentId))) {
          const settledAt = clock.now();
          await starts.settle(intentId, { kind: 'unknown', ...neverHeard, settledAt });
        }
        return startNow(intent, intent, callerKey);
      }
      case 'unknown':
      case 'abandoned':
        return lookInto(intent, callerKey);
    }
  }

  /** Whether another process has sent a start, and may still hear the answer. */
  async function isUnderWayElsewhere({ intentId }: StartIntent): Promise<boolean> {
    const sender = await starts.findSender(intentId);
    return sender !== null && (await otherProcesses()).includes(sender);
  }

  /** Wait for what another process hears. */
  async function awaitOther(first: StartIntent, callerKey: string): Promise<StartOutcome> {
    const until = clock.monotonicMs() + answerTimeoutMs + ANSWER_GRACE_MS;
    while (clock.monotonicMs() < until) {
      await new Promise<void>((resolve) => void clock.schedule(LOOK_MS, resolve));
      if (!(await isUnderWayElsewhere(first))) return startNow(first, first, callerKey);
    }
    throw new UpstreamError(
      'UPSTREAM_TIMEOUT',
      'The first call with this idempotencyKey is still under way, in another process of the gateway. Nothing was sent again. Repeat this call later to hear what came of it.',
      { outcomeUnknown: true },
    );
  }

  async function lookInto(intent: StartIntent, callerKey: string): Promise<StartOutcome> {
    const running = await findRunning(intent.mappingId, callerKey);
    let state: StartState;
    try {
      ({ state } = await starts.lookInto(intent.intentId, running, clock.now()));
    } catch (error) {
      // The upstream did not take it, as was heard meanwhile: then it was no start.
      if (error instanceof StartForgottenError) return startNow(intent, intent, callerKey);
      throw error;
    }
    if (state.kind === 'submitted' || state.kind === 'alreadyInProgress')
      return toOutcome(state, callerKey);
    const code = state.kind === 'unknown' ? toErrorCode(state.code) : 'UPSTREAM_UNAVAILABLE';
    throw new UpstreamError(
      code,
      'Whether the first call with this idempotencyKey started the ingestion is still unknown: no usable answer to it came, and of this mapping no request has been seen since then that tells. Nothing was sent again. Look before starting it again, with another key; or repeat this call once the request has been seen by this gateway.',
      { outcomeUnknown: true },
    );
  }

  /** The requests of a mapping that the upstream says, now, are running. */
  async function findRunning(mappingId: string, callerKey: string): Promise<RequestRef[]> {
    const known = await log.list(
      {
        mappings: { kind: 'mappings', mappingIds: [mappingId] },
        statuses: ['IN_PROGRESS'],
      },
      null,
      MAX_LOOKED_AT,
    );
    const polled = await Promise.all(
      known.map(({ ref }) => watches.poll(ref, callerKey).catch(unlessOurs)),
    );
    return polled.flatMap((record) => (record?.state.status === 'IN_PROGRESS' ? [record.ref] : []));
  }

  async function toOutcome(
    { kind, ref, message }: NamedStart,
    callerKey: string,
  ): Promise<StartOutcome> {
    const [known] = await log.find([ref]);
    const record = known ?? (await watches.poll(ref, callerKey));
    if (!record) {
      throw new RequestNotFoundError(
        'The upstream does not know the request of this start any more.',
      );
    }
    onNamed(record);
    return { kind, record, message };
  }

  return { start };
}

/** How often it is looked whether another process has heard an answer, in ms. */
const LOOK_MS = 250;

/** How much longer than its answer a start may take to be settled in the log, in ms: one whose sender dies, until that is known. */
const ANSWER_GRACE_MS = 9_000;

/** A mapping has one request running; what else the log has as running was not polled lately. */
const MAX_LOOKED_AT = 5;

function otherInput(): BadUserInputError {
  return new BadUserInputError(
    'This idempotencyKey was used within the last 24 hours for a start with another input. Use a key of its own for each start.',
  );
}

function unlessOurs(error: unknown): null {
  if (error instanceof GatewayError) return null;
  throw error;
}

/** @param code - as the log kept it */
function toErrorCode(code: string): UpstreamErrorCode {
  if (code === ID_GIVEN_AGAIN) return 'UPSTREAM_INVALID_RESPONSE';
  return code === 'UPSTREAM_TIMEOUT' || code === 'UPSTREAM_INVALID_RESPONSE'
    ? code
    : 'UPSTREAM_UNAVAILABLE';
}
