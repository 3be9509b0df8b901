import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError, exitCodes } from './command-error.js';
import { type Context, toShellWord } from './context.js';
import { toClock } from './duration.js';
import { type Followed, followRequest } from './follow.js';
import { AnswerLostError } from './gateway.js';
import {
  ActivityDocument,
  type IngestionStatus,
  LatestCursorDocument,
  type RequestFragment,
  RequestsDocument,
  StartDocument,
  type StartMutation,
  type StartMutationVariables,
  StatusDocument,
  type StatusQuery,
  type TransitionFragment,
  UsualDurationDocument,
} from './generated/operations.js';
import { type Output, type Paint, toPlain, toTable } from './output.js';
import { readPages } from './pages.js';

/** An answer to a start that was lost is asked for again for so long, in ms. */
const ASK_AGAIN_MS = 60_000;

/** The longest pause between two tries, in ms. */
const MAX_PAUSE_MS = 5_000;

/** Options of `start`. */
export interface StartOptions {
  readonly wait: boolean;
  readonly timeout?: number;
  readonly retryOnAbort: number;
  readonly idempotencyKey?: string;
}

type Outcome = NonNullable<StartMutation['startIngestion']>;

/**
 * Start an ingestion, and follow it where that is wanted.
 *
 * @throws {CommandError} it was not started, or did not end in a success
 */
export async function start(
  context: Context,
  mappingId: string,
  { wait, timeout, retryOnAbort, idempotencyKey = randomUUID() }: StartOptions,
): Promise<void> {
  const { output } = context;
  context.limit(timeout);
  const words = ['start', mappingId, '--idempotency-key', idempotencyKey];
  if (retryOnAbort > 0) words.push('--retry-on-abort', String(retryOnAbort));
  context.canGoOn(wait ? [...words, '--wait'] : words);
  const outcome = await startOnce(context, { mappingId, retryOnAbort, idempotencyKey });
  const transitions: TransitionFragment[] = [];
  const told = { ...outcome, idempotencyKey, ...(wait && { transitions }) };
  if (!('request' in outcome)) {
    if (output.form !== 'text') output.data(told, () => '');
    throw toStartError(outcome, mappingId, words);
  }
  if (outcome.__typename === 'IngestionAlreadyInProgress') {
    output.note(`${mappingId} is being ingested already: this is that request.`);
  }
  const { request } = outcome;
  if (!wait) {
    output.data(told, () => describeRequest(output, request));
    output.note(`To follow it: sluice watch ${toShellWord(mappingId)} ${request.requestId}`);
    return;
  }
  if (retryOnAbort === 0) context.canGoOn(['watch', mappingId, request.requestId]);
  // The transitions are in it once it is written.
  if (output.form === 'json') output.data(told, () => '');
  const usually = await usualDuration(context, mappingId).catch(() => '');
  const followed = { mappingId, requestId: request.requestId, retryOnAbort };
  await follow(context, followed, usually, (transition) => {
    if (output.form === 'json') transitions.push(transition);
    else output.data(transition, () => describeTransition(output, transition));
  });
}

/** The same start again is no second start: the key says so. */
async function startOnce(
  { gateway, output, signal }: Context,
  input: StartMutationVariables['input'],
): Promise<Outcome> {
  const lostAt = performance.now();
  for (let tries = 1; ; tries += 1) {
    try {
      const { startIngestion } = await gateway.request(StartDocument, { input }, output.note);
      if (startIngestion) return startIngestion;
      throw new CommandError(exitCodes.failed, 'The gateway told no outcome of the start.');
    } catch (error) {
      const isLost = error instanceof AnswerLostError || (tries > 1 && isUnreachable(error));
      if (!isLost || performance.now() - lostAt > ASK_AGAIN_MS) throw error;
      if (tries === 1) output.note(`${(error as Error).message} Asking again.`);
      await sleep(Math.min(MAX_PAUSE_MS, 250 * 2 ** tries), undefined, { signal });
    }
  }
}

/** A gateway that has just been there is about to come back. */
function isUnreachable(error: unknown): boolean {
  return error instanceof CommandError && error.details.cause !== undefined;
}

function toStartError(
  outcome: Exclude<Outcome, { readonly request: unknown }>,
  mappingId: string,
  words: readonly string[],
): CommandError {
  const id = toShellWord(mappingId);
  const { message } = outcome;
  const code = outcome.__typename;
  switch (outcome.__typename) {
    case 'MappingNotStopped':
      return new CommandError(exitCodes.refused, message, { code, advice: `sluice stop ${id}` });
    case 'MappingNotPublished':
      return new CommandError(exitCodes.refused, message, {
        code,
        advice: `sluice publish ${id} && sluice stop ${id}`,
      });
    case 'IngestionRefused':
      return new CommandError(exitCodes.refused, message, { code, advice: 'sluice mappings' });
    case 'StartIngestionError':
      return new CommandError(exitCodes.failed, message, {
        code: outcome.code,
        advice: outcome.outcomeUnknown
          ? `it may have been started. This starts nothing twice: sluice ${words.map(toShellWord).join(' ')}`
          : undefined,
      });
  }
}

/**
 * Follow a request to its end.
 *
 * @throws {CommandError} that is no success
 */
export async function watch(
  context: Context,
  mappingId: string,
  requestId: string,
  { timeout }: { readonly timeout?: number },
): Promise<void> {
  const { output } = context;
  context.limit(timeout);
  context.canGoOn(['watch', mappingId, requestId]);
  const usually = await usualDuration(context, mappingId);
  const followed = { mappingId, requestId, retryOnAbort: 0 };
  await follow(context, followed, usually, (transition) =>
    output.data(transition, () => describeTransition(output, transition)),
  );
}

async function follow(
  context: Context,
  followed: Followed,
  usually: string,
  take: (transition: TransitionFragment) => void,
): Promise<void> {
  const { gateway, output } = context;
  const stop = tellConnection(context);
  let last: TransitionFragment | null = null;
  try {
    const transitions = followRequest(gateway, followed, ({ request }) =>
      output.note(`${request.requestId} was aborted. Its retry is awaited.`),
    );
    for await (const transition of transitions) {
      last = transition;
      const { to, request } = transition;
      const seenAt = performance.now();
      const isRunning = to === 'IN_PROGRESS';
      if (!isRunning || !output.isLive) {
        output.live(null);
        take(transition);
      }
      if (!isRunning) continue;
      output.live(() => {
        const elapsed = toClock(request.durationMs + performance.now() - seenAt);
        const id = `${toPlain(request.mappingId)}  ${toPlain(request.requestId)}`;
        return `${id}  ${paintStatus(output, to)}  ${elapsed}${usually}`;
      });
    }
  } finally {
    stop();
  }
  if (last?.to === 'SUCCESS') return;
  throw toEndError(last);
}

function toEndError(last: TransitionFragment | null): CommandError {
  if (!last)
    return new CommandError(exitCodes.failed, 'The gateway tells nothing of this request.');
  const { to, failure, request } = last;
  const how = to === 'ABORTED' ? 'was aborted' : 'failed';
  const id = toShellWord(request.mappingId);
  return new CommandError(
    exitCodes.failed,
    `${request.requestId} ${how}${failure ? `: ${failure.message}` : '.'}`,
    {
      code: failure?.code ?? undefined,
      advice: failure?.isRetryable
        ? `sluice start ${id}`
        : `sluice status ${id} ${request.requestId}`,
    },
  );
}

/** People who wait want to know what they wait for. */
function tellConnection({ gateway, output }: Context): () => void {
  let isLost = false;
  return gateway.onConnection(({ state }) => {
    if (state === 'reconnecting' && !isLost) {
      isLost = true;
      output.note('The connection was lost. Trying again.');
    } else if (state === 'upToDate' && isLost) {
      isLost = false;
      output.note('Connected again. Nothing was missed.');
    }
  });
}

async function usualDuration({ gateway }: Context, mappingId: string): Promise<string> {
  const { mapping } = await gateway.request(UsualDurationDocument, { mappingId });
  const usual = mapping?.usualDuration;
  return usual ? `  (usually ${toClock(usual.p50Ms)}–${toClock(usual.p95Ms)})` : '';
}

/**
 * Tell where a request stands.
 *
 * @throws {CommandError} it failed or was aborted, or there is none
 */
export async function status(
  { gateway, output }: Context,
  mappingId: string,
  requestId: string,
): Promise<void> {
  const { ingestionStatus: request } = await gateway.request(
    StatusDocument,
    { mappingId, requestId },
    output.note,
  );
  if (!request) {
    throw new CommandError(exitCodes.failed, `${mappingId} has no request ${requestId}.`, {
      code: 'INGESTION_REQUEST_NOT_FOUND',
      advice: 'check both ids',
    });
  }
  output.data(request, () => describeStatus(output, request));
  if (request.status === 'FAILED' || request.status === 'ABORTED') {
    throw new CommandError(exitCodes.failed, `${requestId} is ${request.status}.`, {
      code: request.failure?.code ?? undefined,
    });
  }
}

type Status = NonNullable<StatusQuery['ingestionStatus']>;

function describeStatus(output: Output, request: Status): string {
  const { failure, watch: poll, batch, retryOf, retriedBy } = request;
  const rows: (readonly [string, string | number | null | undefined])[] = [
    ['status', request.status],
    ['failure', failure && toFailureText(failure)],
    ['retry', failure && (failure.isRetryable ? 'may help' : 'does not help')],
    ['records', request.numRecords],
    ['batch', request.batchId],
    ['started', request.startedAt],
    ['by', request.startedBy],
    ['seen first', request.firstObservedAt],
    ['seen last', request.lastObservedAt],
    ['ended', request.finishedAt],
    ['took', toClock(request.durationMs)],
    ['retry of', retryOf?.requestId],
    ['retried by', retriedBy?.requestId],
    ['poll failed', poll?.lastFailure && `${poll.lastFailure.code}: ${poll.lastFailure.message}`],
    ['not watched', poll?.endedBecause],
    ['refused', batch?.numFailed],
    ...(batch?.errors ?? []).map(({ code, description, numRecords }) => {
      const count = numRecords === null ? '' : ` (${numRecords})`;
      return ['', `${code}${count}: ${description}`] as const;
    }),
  ];
  const known = rows.filter(([, value]) => value !== null && value !== undefined);
  const title = `${toPlain(request.mappingId)}  ${toPlain(request.requestId)}`;
  const table = toTable(known.map(([name, value]) => [name, String(value)]));
  return `${output.paint('bold', title)}\n${table}`;
}

/** Options of `list`. */
export interface ListOptions {
  readonly mapping?: readonly string[];
  readonly status?: readonly IngestionStatus[];
  readonly startedBy?: string;
  readonly limit: number;
}

/** List requests, newest first. */
export async function list(
  context: Context,
  { mapping, status: statuses, startedBy, limit }: ListOptions,
): Promise<void> {
  const filter = {
    ...(mapping && { mappingIds: mapping }),
    ...(statuses && { statuses }),
    ...(startedBy !== undefined && { startedBy }),
  };
  await readPages(context, RequestsDocument, { filter }, limit, [
    ['MAPPING', ({ mappingId }) => mappingId],
    ['REQUEST', ({ requestId }) => requestId],
    ['STATUS', (request) => request.status],
    ['RECORDS', ({ numRecords }) => numRecords],
    ['STARTED', ({ startedAt, firstObservedAt }) => startedAt ?? firstObservedAt],
    ['TOOK', ({ durationMs }) => toClock(durationMs)],
    ['REASON', ({ failure }) => failure && toFailureText(failure)],
  ]);
}

/** Options of `activity`. */
export interface ActivityOptions {
  readonly mapping?: readonly string[];
  readonly status?: readonly IngestionStatus[];
  readonly after?: string;
}

/** Tell of all transitions, until it is interrupted. */
export async function activity(
  context: Context,
  { mapping, status: statuses, after }: ActivityOptions,
): Promise<void> {
  const { gateway, output } = context;
  if (output.form === 'json') {
    throw new CommandError(exitCodes.usage, 'activity has no end, so it cannot be one document.', {
      advice: 'use -o jsonl',
    });
  }
  const filter = {
    ...(mapping && { mappingIds: mapping }),
    ...(statuses && { statuses }),
  };
  const filters = [
    ...(mapping ?? []).flatMap((id) => ['--mapping', id]),
    ...(statuses ?? []).flatMap((name) => ['--status', name]),
  ];
  context.canGoOn(['activity', ...filters]);
  // Over HTTP, where a wrong address or token shows at once.
  const { latestCursor } = await gateway.request(LatestCursorDocument, {});
  const stop = tellConnection(context);
  try {
    const begin = { filter, after: after ?? latestCursor };
    context.canGoOn(['activity', ...filters, '--after', begin.after]);
    for await (const { transition } of gateway.follow(ActivityDocument, begin)) {
      output.data(transition, () => describeTransition(output, transition));
      context.canGoOn(['activity', ...filters, '--after', transition.cursor]);
    }
  } finally {
    stop();
  }
}

function describeRequest(output: Output, request: RequestFragment): string {
  const { mappingId, requestId, status: state, firstObservedAt } = request;
  return [firstObservedAt, toPlain(mappingId), toPlain(requestId), paintStatus(output, state)].join(
    '  ',
  );
}

function describeTransition(output: Output, transition: TransitionFragment): string {
  const { to, observedAt, numRecords, failure, request } = transition;
  return [
    observedAt,
    toPlain(request.mappingId),
    toPlain(request.requestId),
    paintStatus(output, to),
    ...(numRecords === null ? [] : [`${numRecords} records`]),
    ...(failure ? [toFailureText(failure)] : []),
  ].join('  ');
}

function toFailureText({
  code,
  message,
}: {
  readonly code: string | null;
  readonly message: string;
}): string {
  return toPlain(code === null ? message : `${code}: ${message}`);
}

const PAINTS: Readonly<Record<IngestionStatus, Paint>> = {
  IN_PROGRESS: 'cyan',
  SUCCESS: 'green',
  FAILED: 'red',
  ABORTED: 'yellow',
};

function paintStatus(output: Output, state: IngestionStatus): string {
  return output.paint(PAINTS[state], state);
}
