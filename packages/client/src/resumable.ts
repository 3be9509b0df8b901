import type { Client, FormattedExecutionResult, Sink, SubscribePayload } from 'graphql-ws';
import { type Connection, createWatched, type Watched } from './connection.js';
import { type Plan, toPlan } from './document.js';
import { type AnsweredError, isTransient } from './gateway-error.js';
import { iterate } from './iterate.js';

/** How persistent a {@link resumable} client is. */
export interface ResumableOptions {
  /** How long it tries to restore a lost connection, in ms. By default for ever. */
  readonly retryForMs?: number;
  /** The longest pause between two tries, in ms; a try comes at a random time in its second half. */
  readonly maxRetryDelayMs?: number;
  /** How often it pings, in ms: a silent connection is dropped after twice that. */
  readonly pingMs?: number;
}

/** A client whose subscriptions survive lost connections. */
export interface ResumableClient extends Client {
  readonly connection: Watched<Connection>;
}

/** A connection was lost and not restored in time. Has the code and reason of its last close. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';

  constructor(
    readonly code: number | undefined,
    readonly reason: string,
    cause: unknown,
  ) {
    super(`The connection was lost: ${code ?? ''} ${reason}`.trim(), { cause });
  }
}

/** Close codes after which the same client would be refused again. */
const FINAL_CLOSES: ReadonlySet<unknown> = new Set([4400, 4401, 4406, 4409, 4429, 4500]);

/** The first pause, in ms; each further one is twice as long. */
const FIRST_DELAY_MS = 500;

/** The pause before checking again whether more events are coming, in ms. */
const SETTLE_MS = 500;

/** The default of the longest pause, in ms. */
const MAX_RETRY_DELAY_MS = 10_000;

/** In ms; a silent connection is noticed within 20 s. */
const PING_MS = 10_000;

/** After a freeze, an answer waits to be read, and timers run before that; in ms. */
const READING_MS = 50;

/** graphql-ws does not treat this as a failure: it neither waits nor gives up. */
const NORMAL_CLOSURE = 1000;

const LATEST: SubscribePayload = { query: 'query LatestCursor { latestCursor }' };

interface Failure {
  readonly code?: unknown;
  readonly reason?: unknown;
  readonly message?: unknown;
}

interface Run {
  lost(failure: unknown): void;
  /** Whether it was sent, and its place is known. */
  hasBegun(): boolean;
  /** It succeeded. */
  settle(): void;
  end(): void;
}

/**
 * Make a client's subscriptions resume whenever its connection is lost: each transition is delivered once, in order.
 *
 * A subscription to a request begins with its first transition, one to activity with the next transition, unless
 * `after` says otherwise. Queries are repeated. Mutations are not sent twice: they fail with a {@link
 * ConnectionLostError}. Permanent refusals by the gateway, such as `CURSOR_INVALID`, arrive as in graphql-ws.
 *
 * Listeners to `closed` of the wrapped client see code 1000 for closes that it recovers from.
 */
export function resumable(
  client: Client,
  {
    retryForMs = Number.POSITIVE_INFINITY,
    maxRetryDelayMs = MAX_RETRY_DELAY_MS,
    pingMs = PING_MS,
  }: ResumableOptions = {},
): ResumableClient {
  const runs = new Set<Run>();
  const connection = createWatched<Connection>({ state: 'idle' });
  let socket: { send(text: string): void; terminate?(): void } | null = null;
  /** `ws` sockets throw in the next tick if they are closed before they are open. */
  let canCloseUnopened = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether the gateway has answered the last ping. What else it sends does not show that it hears this client. */
  let isAnswered = true;
  let deliveredCount = 0;
  let countAtPing = -1;

  client.on('connecting', () => {
    const { state } = connection.get();
    if (state === 'idle') connection.set({ state: 'connecting', since: new Date() });
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (socket || canCloseUnopened) drop();
    }, pingMs);
  });
  client.on('opened', (opened) => {
    socket = opened as typeof socket;
    canCloseUnopened = !socket?.terminate;
  });
  client.on('connected', () => {
    connection.set({ state: 'connected' });
    isAnswered = true;
    // After the operations that wait for the connection.
    beatAfter(0);
  });
  client.on('pong', (isReceived) => {
    if (!isReceived) return;
    isAnswered = true;
    if (connection.get().state !== 'connected') return;
    if (countAtPing === deliveredCount && [...runs].every((run) => run.hasBegun())) {
      connection.set({ state: 'upToDate' });
      for (const run of runs) run.settle();
    } else {
      beatAfter(SETTLE_MS);
    }
  });
  client.on('closed', lose);
  client.on('error', lose);

  function beat(isSure?: boolean): void {
    if (!isAnswered) {
      if (isSure) drop();
      else timer = setTimeout(beat, READING_MS, true);
      return;
    }
    isAnswered = false;
    countAtPing = deliveredCount;
    socket?.send('{"type":"ping"}');
    beatAfter(pingMs);
  }

  function beatAfter(delayMs: number): void {
    clearTimeout(timer);
    timer = setTimeout(beat, delayMs);
  }

  /** More events may be coming. */
  function unsettle(): void {
    if (connection.get().state !== 'upToDate') return;
    connection.set({ state: 'connected' });
    isAnswered = true;
    beatAfter(0);
  }

  /** Drop a silent connection: it will not report that it is gone. */
  function drop(): void {
    const silent = socket;
    client.terminate();
    silent?.terminate?.();
  }

  function lose(failure: unknown): void {
    clearTimeout(timer);
    socket = null;
    const { state } = connection.get();
    if (runs.size === 0) connection.set({ state: 'idle' });
    else if (state === 'connected' || state === 'upToDate') {
      connection.set({ state: 'reconnecting', since: new Date() });
    }
    if (isFinal(failure)) return;
    const { code, reason, message } = Object(failure) as Failure;
    const lost = new ConnectionLostError(
      typeof code === 'number' ? code : undefined,
      String(reason ?? message ?? ''),
      failure,
    );
    // From here on this code decides about retries, and not the wrapped client.
    Object.defineProperties(Object(failure), {
      code: { value: NORMAL_CLOSURE, configurable: true },
      reason: { value: lost.reason, configurable: true },
    });
    for (const run of [...runs]) run.lost(lost);
  }

  function subscribe<Data, Extensions>(
    payload: SubscribePayload,
    sink: Sink<FormattedExecutionResult<Data, Extensions>>,
  ): () => void {
    const plan = toPlan(payload);
    let place = plan.kind === 'stream' ? plan.after : null;
    /** Only the newest attempt counts. */
    let attempt = 0;
    let leave: (() => void) | null = null;
    let hasBegun = false;
    let retryTimer: ReturnType<typeof setTimeout> | undefined;
    /** In a row, since the last success. */
    let failureCount = 0;
    let troubledAt = performance.now();

    const run: Run = {
      hasBegun: () => hasBegun,
      lost(failure) {
        if (leave) retry(failure);
      },
      settle() {
        failureCount = 0;
      },
      end: () => end(() => sink.complete()),
    };
    runs.add(run);
    open();
    return () => end(() => {});

    function open(): void {
      unsettle();
      if (plan.kind === 'stream' && plan.beginsNow && place === null) findPlace();
      else begin();
    }

    /** Over the socket of the stream that follows, and thus while this query is not finished. */
    function findPlace(): void {
      send<{ latestCursor?: string }>(LATEST, {
        next({ data, errors }) {
          place = data?.latestCursor ?? null;
          if (place === null && isTransient(errors)) retry(errors);
          else begin();
        },
        // Refused: then the stream begins with the newest transition, which has a cursor.
        error: (failure) => (Array.isArray(failure) ? begin() : stop(failure)),
        complete: () => {},
      });
    }

    function begin(): void {
      hasBegun = true;
      send<Data, Extensions>(toPayload(), {
        next(result) {
          const isFailed = result.errors && isTransient(result.errors);
          if (isFailed && plan.kind !== 'once') return retry(result.errors);
          deliveredCount += 1;
          run.settle();
          sink.next(plan.kind === 'stream' ? take(plan, result) : result);
        },
        error: stop,
        complete: () => end(() => sink.complete()),
      });
    }

    function send<D, E = unknown>(
      sent: SubscribePayload,
      answered: Sink<FormattedExecutionResult<D, E>>,
    ): void {
      attempt += 1;
      const own = attempt;
      const previous = leave;
      const ifNewest =
        <Args extends unknown[]>(take: (...args: Args) => void) =>
        (...args: Args) => {
          if (own === attempt) take(...args);
        };
      leave = client.subscribe<D, E>(sent, {
        next: ifNewest((result) => answered.next(result as FormattedExecutionResult<D, E>)),
        error: ifNewest((failure) => {
          if (Array.isArray(failure) && isTransient(failure) && plan.kind !== 'once')
            retry(failure);
          else answered.error(failure);
        }),
        complete: ifNewest(() => answered.complete()),
      });
      previous?.();
    }

    function toPayload(): SubscribePayload {
      if (plan.kind !== 'stream') return payload;
      const variables = { ...payload.variables };
      if (place !== null) variables[plan.variable] = place;
      return { ...payload, query: plan.query, variables };
    }

    function take(
      { key, cursorKey, isCursorAdded }: Extract<Plan, { kind: 'stream' }>,
      result: FormattedExecutionResult<Data, Extensions>,
    ): FormattedExecutionResult<Data, Extensions> {
      const data = result.data as Record<string, Record<string, unknown> | null> | null | undefined;
      const field = key ?? Object.keys(data ?? {})[0] ?? '';
      const event = data?.[field];
      if (!event) return result;
      const { [cursorKey]: cursor, ...rest } = event;
      if (typeof cursor === 'string') place = cursor;
      return isCursorAdded ? { ...result, data: { ...data, [field]: rest } as Data } : result;
    }

    /** It failed for good, or its connection was lost: then it may resume. */
    function stop(failure: unknown): void {
      if (Array.isArray(failure) || isFinal(failure)) end(() => sink.error(failure));
      else retry(failure);
    }

    function retry(failure: unknown): void {
      const now = performance.now();
      if (failureCount === 0) troubledAt = now;
      if (plan.kind === 'once' || now - troubledAt >= retryForMs) {
        end(() => sink.error(failure));
        return;
      }
      abandon();
      const pauseMs = Math.min(maxRetryDelayMs, FIRST_DELAY_MS * 2 ** failureCount);
      failureCount += 1;
      const jitter = (1 + Math.random()) / 2;
      retryTimer = setTimeout(open, toRetryAfterMs(failure) + jitter * pauseMs);
    }

    function abandon(): void {
      attempt += 1;
      clearTimeout(retryTimer);
      leave?.();
      leave = null;
      hasBegun = false;
    }

    function end(tell: () => void): void {
      if (!runs.delete(run)) return;
      abandon();
      if (runs.size === 0 && !socket) connection.set({ state: 'idle' });
      tell();
    }
  }

  return {
    connection,
    on: client.on,
    subscribe,
    iterate: (payload) => iterate((sink) => subscribe(payload, sink)),
    async dispose() {
      for (const run of [...runs]) run.end();
      await client.dispose();
    },
    terminate: drop,
  };
}

function isFinal(failure: unknown): boolean {
  return FINAL_CLOSES.has((failure as Failure | null)?.code);
}

function toRetryAfterMs(failure: unknown): number {
  if (!Array.isArray(failure)) return 0;
  const waits = (failure as readonly AnsweredError[]).map(({ extensions }) =>
    Number(extensions?.retryAfterMs ?? 0),
  );
  return Math.max(0, ...waits);
}
