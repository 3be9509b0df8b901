import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
import { type Client, createClient } from 'graphql-ws';
import { type Connection, createWatched, type Watched } from './connection.js';
import { type Transport, withFallback } from './fallback.js';
import { type AnsweredError, GatewayError, isTransient, isTransientCode } from './gateway-error.js';
import {
  IngestionActivityDocument,
  type SluiceRequestFragment as IngestionRequest,
  IngestionRequestsDocument,
  type IngestionRequestsQuery,
  type IngestionRequestsQueryVariables,
  IngestionStatusChangedDocument,
  IngestionStatusDocument,
  type SluiceTransitionFragment as IngestionTransition,
  StartIngestionDocument,
  type StartIngestionInput,
  type StartIngestionMutation,
} from './generated/operations.js';
import { iterate } from './iterate.js';
import { type ResumableOptions, resumable } from './resumable.js';
import { createStreamClient, PASSING_HTTP_STATUS } from './stream-client.js';

/** A document with the types of its variables and data, as codegen writes it with `documentMode: string`. */
export type TypedText<Data, Variables> = DocumentTypeDecoration<Data, Variables> & {
  toString(): string;
};

/** Identifies a request. */
export interface RequestRef {
  readonly mappingId: string;
  readonly requestId: string;
}

/** The outcome of a start: `__typename` says which. */
export type StartOutcome = NonNullable<StartIngestionMutation['startIngestion']>;

/** Which gateway to use, and with which credentials. */
export interface SluiceClientOptions extends ResumableOptions {
  /** The GraphQL endpoint, such as `https://sluice.example/graphql`. */
  readonly url: string | URL;
  /**
   * An access token or an API key, or a function that returns a valid one, called for each request and each
   * connection.
   */
  readonly token?: string | (() => string | Promise<string>);
  /** For platforms without a `WebSocket`, such as Node.js 20: that of `ws`. */
  readonly webSocketImpl?: unknown;
}

/** Ends a wait early. */
export interface Stoppable {
  readonly signal?: AbortSignal;
}

/** The API of Sluice. */
export interface SluiceClient {
  /**
   * Start an ingestion. If the answer is lost, the start is repeated with the same key, which is generated if none is
   * given, so nothing is started twice.
   *
   * @throws {@link GatewayError} if the gateway refuses; the upstream's refusals are outcomes
   */
  start(input: StartIngestionInput, options?: Stoppable): Promise<StartOutcome>;
  /** Null if there is no such request. */
  status(
    ref: RequestRef,
    options?: Stoppable & { readonly maxAgeMs?: number },
  ): Promise<IngestionRequest | null>;
  /** A page of requests, newest first. */
  list(
    query?: IngestionRequestsQueryVariables,
    options?: Stoppable,
  ): Promise<IngestionRequestsQuery['ingestionRequests']>;
  /** The transitions of a request, each once, from its first or after a cursor, to its terminal one. */
  watch(
    ref: RequestRef,
    options?: Stoppable & { readonly after?: string },
  ): AsyncIterableIterator<IngestionTransition>;
  /** All transitions from now on, or after a cursor, of all requests or of some mappings. Never ends. */
  activity(
    options?: Stoppable & { readonly mappingIds?: readonly string[]; readonly after?: string },
  ): AsyncIterableIterator<IngestionTransition>;
  /**
   * The terminal transition of a request, once it exists.
   *
   * @throws the reason of the signal, or a `TimeoutError`
   */
  wait(
    ref: RequestRef,
    options?: Stoppable & { readonly timeoutMs?: number },
  ): Promise<IngestionTransition>;
  /** Any query or mutation. It is sent once. */
  request<Data, Variables>(
    document: TypedText<Data, Variables>,
    variables: Variables,
    options?: Stoppable,
  ): Promise<Data>;
  /** Any subscription. */
  subscribe<Data, Variables extends Record<string, unknown>>(
    document: TypedText<Data, Variables>,
    variables: Variables,
    options?: Stoppable,
  ): AsyncIterableIterator<Data>;
  readonly connection: Watched<Connection>;
  /** `sse` if WebSockets don't get through. The client finds out by itself, and everything else stays the same. */
  readonly transport: Watched<Transport>;
  /** End all subscriptions. */
  dispose(): Promise<void>;
}

/** How long a start whose answer was lost is repeated, in ms; far less than the 24 h for which a key is kept. */
const RETRY_START_MS = 120_000;

/** The pause before it is repeated, in ms. */
const RETRY_PAUSE_MS = 1_000;

/**
 * How often it pings by default, in ms. A WebSocket may take as long to open, and a stream may be silent four times as
 * long.
 */
const PING_MS = 10_000;

/** There was no answer, or it did not come from the gateway. */
class AnswerLostError extends Error {
  override readonly name = 'AnswerLostError';
}

/** Create a client of one gateway. It connects on the first subscription. */
export function createSluiceClient({
  url,
  token,
  webSocketImpl,
  ...options
}: SluiceClientOptions): SluiceClient {
  const endpoint = new URL(url);
  const toAuthorization = async (): Promise<Record<string, string>> => {
    const value = typeof token === 'function' ? await token() : token;
    return value ? { authorization: `Bearer ${value}` } : {};
  };

  const connection = createWatched<Connection>({ state: 'idle' });
  const transport = createWatched<Transport>('websocket');
  let socketClient: Client | null = null;
  const toSocketClient = (): Client => {
    if (socketClient) return socketClient;
    const { pingMs = PING_MS } = options;
    const sockets = createClient({
      url: endpoint.href.replace(/^http/, 'ws'),
      connectionParams: toAuthorization,
      webSocketImpl: webSocketImpl && toAbandonable(webSocketImpl as WebSocketClass),
    });
    const streams = createStreamClient({
      url: endpoint.href,
      toHeaders: toAuthorization,
      silentMs: 4 * pingMs,
    });
    const either = withFallback(sockets, streams, { isReachable, openMs: pingMs });
    either.transport.listen(() => transport.set(either.transport.get()));
    const created = resumable(either, options);
    created.connection.listen(() => connection.set(created.connection.get()));
    socketClient = created;
    return created;
  };

  async function isReachable(): Promise<boolean> {
    try {
      await request<unknown, object>('query { __typename }', {});
      return true;
    } catch (failure) {
      return failure instanceof GatewayError && failure.errors.length > 0;
    }
  }

  async function request<Data, Variables>(
    document: TypedText<Data, Variables>,
    variables: Variables,
    { signal }: Stoppable = {},
  ): Promise<Data> {
    const headers = { 'content-type': 'application/json', ...(await toAuthorization()) };
    const body = JSON.stringify({ query: document.toString(), variables });
    let response: Response;
    let answer: { readonly data?: Data | null; readonly errors?: readonly AnsweredError[] };
    try {
      response = await fetch(endpoint, { method: 'POST', headers, body, signal: signal ?? null });
      // `null` is JSON too.
      answer = ((await response.json()) ?? {}) as typeof answer;
    } catch (cause) {
      signal?.throwIfAborted();
      throw new AnswerLostError('The gateway did not answer.', { cause });
    }
    if (answer.errors) throw new GatewayError(answer.errors);
    if (answer.data) return answer.data;
    if (PASSING_HTTP_STATUS.has(response.status)) {
      throw new AnswerLostError(`Answered with HTTP ${response.status}.`);
    }
    throw new GatewayError([]);
  }

  function subscribe<Data, Variables extends Record<string, unknown>>(
    document: TypedText<Data, Variables>,
    variables: Variables,
    { signal }: Stoppable = {},
  ): AsyncIterableIterator<Data> {
    return iterate<Data>((sink) => {
      const leave = toSocketClient().subscribe<Data>(
        { query: document.toString(), variables },
        {
          next({ data, errors }) {
            if (errors || !data) fail(new GatewayError(errors ?? []));
            else sink.next(data);
          },
          error: (failure) => fail(Array.isArray(failure) ? new GatewayError(failure) : failure),
          complete() {
            signal?.removeEventListener('abort', abort);
            sink.complete();
          },
        },
      );
      const abort = () => fail(signal?.reason);
      signal?.addEventListener('abort', abort);
      if (signal?.aborted) abort();
      return stop;

      function stop(): void {
        signal?.removeEventListener('abort', abort);
        leave();
      }

      function fail(failure: unknown): void {
        stop();
        sink.error(failure);
      }
    });
  }

  function watch(
    { mappingId, requestId }: RequestRef,
    { after, signal }: Stoppable & { readonly after?: string } = {},
  ): AsyncIterableIterator<IngestionTransition> {
    const variables = { mappingId, requestId, ...(after && { after }) };
    const events = subscribe(IngestionStatusChangedDocument, variables, toStoppable(signal));
    return mapItems(events, (data) => data.ingestionStatusChanged);
  }

  return {
    request,
    subscribe,
    watch,
    connection,
    transport,
    async start(input, { signal } = {}) {
      const named = { idempotencyKey: crypto.randomUUID(), ...input };
      const pauseMs = Math.min(RETRY_PAUSE_MS, options.maxRetryDelayMs ?? RETRY_PAUSE_MS);
      const until = performance.now() + RETRY_START_MS;
      for (;;) {
        let retryAfterMs: number | null | undefined = null;
        try {
          const data = await request(StartIngestionDocument, { input: named }, toStoppable(signal));
          const outcome = data.startIngestion;
          if (!outcome) throw new GatewayError([]);
          if (!mayStartYet(outcome) || performance.now() >= until) return outcome;
          ({ retryAfterMs } = outcome);
        } catch (failure) {
          if (!mayAnswerYet(failure) || performance.now() >= until) throw failure;
          if (failure instanceof GatewayError) ({ retryAfterMs } = failure);
        }
        await pause(retryAfterMs ?? pauseMs * (1 + Math.random()), signal);
      }
    },
    async status({ mappingId, requestId }, { maxAgeMs, signal } = {}) {
      const variables = { mappingId, requestId, maxAgeMs };
      return (await request(IngestionStatusDocument, variables, toStoppable(signal)))
        .ingestionStatus;
    },
    async list(query = {}, { signal } = {}) {
      return (await request(IngestionRequestsDocument, query, toStoppable(signal)))
        .ingestionRequests;
    },
    activity({ mappingIds, after, signal } = {}) {
      const variables = { ...(mappingIds && { mappingIds }), ...(after && { after }) };
      const events = subscribe(IngestionActivityDocument, variables, toStoppable(signal));
      return mapItems(events, (data) => data.ingestionActivity);
    },
    async wait(ref, { timeoutMs, signal } = {}) {
      const timeout = timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)];
      const signals = [...timeout, ...(signal ? [signal] : [])];
      for await (const transition of watch(ref, { signal: AbortSignal.any(signals) })) {
        if (transition.to !== 'IN_PROGRESS') return transition;
      }
      throw new GatewayError([]);
    },
    async dispose() {
      await socketClient?.dispose();
    },
  };
}

/**
 * Handle each outcome of a start; a missing case is a compile-time error.
 *
 * @returns the result of the case
 */
export function matchOutcome<Result>(
  outcome: StartOutcome,
  cases: {
    readonly [Name in StartOutcome['__typename']]: (
      outcome: Extract<StartOutcome, { readonly __typename: Name }>,
    ) => Result;
  },
): Result {
  const take = cases[outcome.__typename] as (outcome: StartOutcome) => Result;
  return take(outcome);
}

/** Whether nothing was started for a temporary reason. */
function mayStartYet(
  outcome: StartOutcome,
): outcome is Extract<StartOutcome, { readonly __typename: 'StartIngestionError' }> {
  return (
    outcome.__typename === 'StartIngestionError' &&
    !outcome.outcomeUnknown &&
    isTransientCode(outcome.code)
  );
}

/** Whether another try may succeed. */
function mayAnswerYet(failure: unknown): boolean {
  if (failure instanceof GatewayError)
    return failure.errors.length > 0 && isTransient(failure.errors);
  return failure instanceof AnswerLostError;
}

type WebSocketClass = new (...args: unknown[]) => object;

/** A socket of `ws` throws if it is closed before it is open and nobody listens to its errors. */
function toAbandonable(implementation: WebSocketClass): WebSocketClass {
  return class extends implementation {
    constructor(...args: unknown[]) {
      super(...args);
      (this as { on?(event: string, listener: () => void): void }).on?.('error', () => {});
    }
  };
}

function toStoppable(signal: AbortSignal | undefined): Stoppable {
  return signal ? { signal } : {};
}

function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, delayMs);
    signal?.addEventListener('abort', abort, { once: true });
  });
}

function mapItems<From, To>(
  items: AsyncIterableIterator<From>,
  toItem: (item: From) => To,
): AsyncIterableIterator<To> {
  const map = (result: IteratorResult<From, undefined>): IteratorResult<To, undefined> =>
    result.done ? result : { done: false, value: toItem(result.value) };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: async () => map(await items.next()),
    async return() {
      await items.return?.();
      return { done: true, value: undefined };
    },
  };
}
