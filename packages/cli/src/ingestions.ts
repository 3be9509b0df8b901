import { randomUUID } from 'node:crypto';
import { GatewayError, type IngestionRequest, type StartOutcome } from '@sluice/client';
import { CommandError, exitCodes } from './command-error.js';
import { type CommandLine, type Context, toShellLine } from './context.js';
import { toClock } from './duration.js';
import { type Followed, followRequest } from './follow.js';
import { toCommandError } from './gateway.js';
import {
  ActivityDocument,
  BatchDocument,
  type BatchQuery,
  type IngestionStatus,
  LatestCursorDocument,
  RequestsDocument,
  type ShownTransitionFragment,
  StatusDocument,
  type StatusQuery,
  UsualDurationDocument,
} from './generated/operations.js';
import { type Output, type Paint, toPlain, toTable } from './output.js';
import { readPages } from './pages.js';

/** Options of `start`. */
export interface StartOptions {
  readonly wait: boolean;
  readonly timeout?: number;
  readonly retryOnAbort: number;
  readonly idempotencyKey?: string;
}

/**
 * Start an ingestion, and follow it if requested.
 *
 * @throws {CommandError} it was not started, or did not succeed
 */
export async function start(
  context: Context,
  mappingId: string,
  { wait, timeout, retryOnAbort, idempotencyKey = randomUUID() }: StartOptions,
): Promise<void> {
  const { gateway, output } = context;
  context.limit(timeout);
  const flags = ['--idempotency-key', idempotencyKey];
  if (retryOnAbort > 0) flags.push('--retry-on-abort', String(retryOnAbort));
  const again = { command: 'start', args: [mappingId], flags };
  context.canGoOn(wait ? { ...again, flags: [...flags, '--wait'] } : again);
  // First, so that a wrong address or token shows at once, because a start is repeated again and again.
  const usually = await usualDuration(context, mappingId);
  const outcome = await gateway.start({ mappingId, retryOnAbort, idempotencyKey });
  const transitions: ShownTransitionFragment[] = [];
  const told = { ...outcome, idempotencyKey, ...(wait && { transitions }) };
  if (!('request' in outcome)) {
    if (output.form !== 'text') output.data(told, () => '');
    throw toStartError(outcome, mappingId, again);
  }
  if (outcome.__typename === 'IngestionAlreadyInProgress') {
    output.note(`${mappingId} is already being ingested: this is that request.`);
  }
  const { request } = outcome;
  const watching = { command: 'watch', args: [mappingId, request.requestId] };
  if (!wait) {
    output.data(told, () => describeRequest(output, request));
    output.note(`To follow it: ${toShellLine(watching)}`);
    return;
  }
  if (retryOnAbort === 0) context.canGoOn(watching);
  // Written now, so that it includes the transitions.
  if (output.form === 'json') output.data(told, () => '');
  const followed = { mappingId, requestId: request.requestId, retryOnAbort };
  await follow(context, followed, usually, (transition) => {
    if (output.form === 'json') transitions.push(transition);
    else output.data(transition, () => describeTransition(output, transition));
  });
}

function toStartError(
  outcome: Exclude<StartOutcome, { readonly request: unknown }>,
  mappingId: string,
  again: CommandLine,
): CommandError {
  const adviceOf = (...commands: string[]) =>
    commands.map((command) => toShellLine({ command, args: [mappingId] })).join(' && ');
  const { message } = outcome;
  const code = outcome.__typename;
  switch (outcome.__typename) {
    case 'MappingNotStopped':
      return new CommandError(exitCodes.refused, message, { code, advice: adviceOf('stop') });
    case 'MappingNotPublished':
      return new CommandError(exitCodes.refused, message, {
        code,
        advice: adviceOf('publish', 'stop'),
      });
    case 'IngestionRefused':
      return new CommandError(exitCodes.refused, message, { code, advice: 'sluice mappings' });
    case 'StartIngestionError':
      return new CommandError(exitCodes.failed, message, {
        code: outcome.code,
        advice: outcome.outcomeUnknown
          ? `it may have been started. This starts nothing twice: ${toShellLine(again)}`
          : undefined,
      });
  }
}

/**
 * Follow a request to its end.
 *
 * @throws {CommandError} it did not succeed
 */
export async function watch(
  context: Context,
  mappingId: string,
  requestId: string,
  { timeout }: { readonly timeout?: number },
): Promise<void> {
  const { output } = context;
  context.limit(timeout);
  context.canGoOn({ command: 'watch', args: [mappingId, requestId] });
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
  take: (transition: ShownTransitionFragment) => void,
): Promise<void> {
  const { gateway, output } = context;
  const stop = tellConnection(context);
  let last: ShownTransitionFragment | null = null;
  try {
    const transitions = followRequest(gateway, followed, ({ request }) =>
      output.note(`${request.requestId} was aborted. Waiting for its retry.`),
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

function toEndError(last: ShownTransitionFragment | null): CommandError {
  if (!last)
    return new CommandError(exitCodes.failed, 'The gateway has no transitions of this request.');
  const { to, failure, request } = last;
  const how = to === 'ABORTED' ? 'was aborted' : 'failed';
  const { mappingId, requestId } = request;
  return new CommandError(
    exitCodes.failed,
    `${requestId} ${how}${failure ? `: ${failure.message}` : '.'}`,
    {
      code: failure?.code ?? undefined,
      advice: failure?.isRetryable
        ? toShellLine({ command: 'start', args: [mappingId] })
        : toShellLine({ command: 'status', args: [mappingId, requestId] }),
    },
  );
}

/** Tell waiting users about lost connections. */
function tellConnection({ gateway, output }: Context): () => void {
  let isLost = false;
  return gateway.connection.listen(() => {
    const { state } = gateway.connection.get();
    if (state === 'reconnecting' && !isLost) {
      isLost = true;
      output.note('The connection was lost. Trying again.');
    } else if (state === 'upToDate' && isLost) {
      isLost = false;
      output.note('Connected again. Nothing was missed.');
    }
  });
}

/** Empty if it is unknown, or hidden from callers who may only start. */
async function usualDuration({ gateway }: Context, mappingId: string): Promise<string> {
  try {
    const { mapping } = await gateway.request(UsualDurationDocument, { mappingId });
    const usual = mapping?.usualDuration;
    return usual ? `  (usually ${toClock(usual.p50Ms)}–${toClock(usual.p95Ms)})` : '';
  } catch (failure) {
    if (failure instanceof GatewayError && failure.code === 'FORBIDDEN') return '';
    throw failure;
  }
}

/**
 * Show the status of a request.
 *
 * @throws {CommandError} it failed or was aborted, or does not exist
 */
export async function status(
  context: Context,
  mappingId: string,
  requestId: string,
): Promise<void> {
  const { gateway, output } = context;
  const ref = { mappingId, requestId };
  const { ingestionStatus: request } = await gateway.request(StatusDocument, ref);
  if (!request) {
    throw new CommandError(exitCodes.failed, `${mappingId} has no request ${requestId}.`, {
      code: 'INGESTION_REQUEST_NOT_FOUND',
      advice: 'check both ids',
    });
  }
  const batch = request.batchId === null ? null : await findBatch(context, ref);
  output.data({ ...request, batch }, () => describeStatus(output, request, batch));
  if (request.status === 'FAILED' || request.status === 'ABORTED') {
    throw new CommandError(exitCodes.failed, `${mappingId} ${requestId} is ${request.status}.`, {
      code: request.failure?.code ?? undefined,
    });
  }
}

type Status = NonNullable<StatusQuery['ingestionStatus']>;

type Batch = NonNullable<BatchQuery['ingestionStatus']>['batch'];

/** Platform may not answer. Then everything else is shown. */
async function findBatch(
  { gateway, output }: Context,
  ref: { readonly mappingId: string; readonly requestId: string },
): Promise<Batch> {
  try {
    return (await gateway.request(BatchDocument, ref)).ingestionStatus?.batch ?? null;
  } catch (failure) {
    output.note(
      `The batch could not be looked up: ${toCommandError(gateway.url, failure).message}`,
    );
    return null;
  }
}

function describeStatus(output: Output, request: Status, batch: Batch): string {
  const { failure, watch: poll, retryOf, retriedBy } = request;
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

/** Show all transitions, until interrupted. */
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
  context.canGoOn({ command: 'activity', flags: filters });
  // Over HTTP, so that a wrong address or token shows at once.
  const { latestCursor } = await gateway.request(LatestCursorDocument, {});
  const stop = tellConnection(context);
  try {
    const begin = { filter, after: after ?? latestCursor };
    context.canGoOn({ command: 'activity', flags: [...filters, '--after', begin.after] });
    for await (const { transition } of gateway.subscribe(ActivityDocument, begin)) {
      output.data(transition, () => describeTransition(output, transition));
      context.canGoOn({ command: 'activity', flags: [...filters, '--after', transition.cursor] });
    }
  } finally {
    stop();
  }
}

function describeRequest(output: Output, request: IngestionRequest): string {
  const { mappingId, requestId, status: state, firstObservedAt } = request;
  return [firstObservedAt, toPlain(mappingId), toPlain(requestId), paintStatus(output, state)].join(
    '  ',
  );
}

function describeTransition(output: Output, transition: ShownTransitionFragment): string {
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
