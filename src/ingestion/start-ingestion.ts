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
import type { BegunStart, Clock, IngestionLog, StartLog, Watches } from './ports.js';
import {
  isSameInput,
  type NamedStart,
  type NewStart,
  REUSED_ID,
  type StartIdentity,
  type StartInput,
  type StartIntent,
  type StartState,
} from './start-intent.js';
import type { StartOutcome, StartSender } from './start-sender.js';

/**
 * Start an ingestion of a mapping. It is recorded in the log before the upstream is called, once.
 *
 * If the caller used the key before, nothing is started: the outcome is that of the first call, whose answer this
 * waits for until it is due. If that outcome is unknown, it is resolved from what was seen of the mapping since then,
 * if possible. A first call that the upstream certainly did not accept is no start: its key is free again.
 *
 * @param callerKey - distinguishes callers, anonymous ones too, so that they take turns
 * @throws {BadUserInputError} the key belongs to a call with another input
 * @throws {UpstreamError} with `outcomeUnknown` if the upstream may have accepted the start
 * @throws {LogUnavailableError} nothing was sent; or, with `outcomeUnknown`, the answer could not be saved
 */
export type StartIngestion = (
  input: StartInput,
  identity: StartIdentity,
  callerKey: string,
) => Promise<StartOutcome>;

/** Build what starts ingestions for those who ask. */
export function createStartIngestion({
  sender,
  watches,
  log,
  starts,
  clock,
  onNamed,
}: {
  readonly sender: Pick<StartSender, 'send' | 'saveAnswer' | 'withdraw' | 'settleOverdue'>;
  readonly watches: Pick<Watches, 'poll'>;
  readonly log: Pick<IngestionLog, 'find' | 'list'>;
  readonly starts: Pick<StartLog, 'begin' | 'answerDueInMs' | 'resolveUnknown'>;
  readonly clock: Clock;
  /** Called with the current state of each request that answers a repeated start. */
  readonly onNamed: (record: IngestionRecord) => void;
}): StartIngestion {
  /** First calls in progress, by caller and key. */
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
    const sending = crypto.randomUUID();
    const start = { mappingId, retryOnAbort, caller, idempotencyKey, createdAt };
    const begun = await begin(start, sending);
    if (begun.kind === 'begun') return sender.send(begun.intent, sending, callerKey);
    if (!isSameInput(begun.intent, input)) throw otherInput();
    return repeat(begun.intent, callerKey);
  }

  async function begin(start: NewStart, sending: string): Promise<BegunStart> {
    try {
      return await starts.begin(start, sending);
    } catch (error) {
      // Otherwise a repeat of the call would report an unknown outcome.
      if (error instanceof StartNotSentError) void sender.withdraw(error.intentId, sending);
      throw error;
    }
  }

  /** The outcome of a start that the log already has. */
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
        if (!(await sender.saveAnswer(intentId))) await awaitAnswer(intentId);
        return startNow(intent, intent, callerKey);
      // No waiting start has a key.
      case 'waiting':
      case 'unknown':
      case 'abandoned':
        return resolveUnknown(intent, callerKey);
    }
  }

  /** Wait until the process that sent a start has its answer, or the answer is overdue. */
  async function awaitAnswer(intentId: number): Promise<void> {
    for (;;) {
      const leftMs = await starts.answerDueInMs(intentId);
      if (leftMs === null) return;
      if (leftMs <= 0) return sender.settleOverdue();
      const pauseMs = Math.min(leftMs, LOOK_MS);
      await new Promise<void>((resolve) => void clock.schedule(pauseMs, resolve));
    }
  }

  async function resolveUnknown(intent: StartIntent, callerKey: string): Promise<StartOutcome> {
    const running = await findRunning(intent.mappingId, callerKey);
    let state: StartState;
    try {
      ({ state } = await starts.resolveUnknown(intent.intentId, running, clock.now()));
    } catch (error) {
      // Meanwhile it turned out that the upstream did not accept it, so it was no start.
      if (error instanceof StartForgottenError) return startNow(intent, intent, callerKey);
      throw error;
    }
    if (state.kind === 'submitted' || state.kind === 'alreadyInProgress')
      return toOutcome(state, callerKey);
    const code = state.kind === 'unknown' ? toErrorCode(state.code) : 'UPSTREAM_UNAVAILABLE';
    throw new UpstreamError(
      code,
      'It is still unknown whether the first call with this idempotencyKey started the ingestion: it got no usable answer, and no request of this mapping that was seen since then settles it. Nothing was sent again. Check in Campaign before you start it again with another key, or repeat this call once this gateway has seen the request.',
      { outcomeUnknown: true },
    );
  }

  /** The requests of a mapping that the upstream says are running now. */
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
      throw new RequestNotFoundError('The upstream no longer knows the request of this start.');
    }
    onNamed(record);
    return { kind, record, message };
  }

  return start;
}

/** How often to check for an answer, in ms. */
const LOOK_MS = 250;

/** A mapping has one running request. Others that the log has as running have not been polled recently. */
const MAX_LOOKED_AT = 5;

function otherInput(): BadUserInputError {
  return new BadUserInputError(
    'This idempotencyKey was used within the last 24 hours for a start with another input. Use a new key for each start.',
  );
}

function unlessOurs(error: unknown): null {
  if (error instanceof GatewayError) return null;
  throw error;
}

/** @param code - as stored in the log */
function toErrorCode(code: string): UpstreamErrorCode {
  if (code === REUSED_ID) return 'UPSTREAM_INVALID_RESPONSE';
  return code === 'UPSTREAM_TIMEOUT' || code === 'UPSTREAM_INVALID_RESPONSE'
    ? code
    : 'UPSTREAM_UNAVAILABLE';
}
