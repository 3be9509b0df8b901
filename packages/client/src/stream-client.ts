import type { Client, FormattedExecutionResult, Sink, SubscribePayload } from 'graphql-ws';
import { iterate } from './iterate.js';
import { failIfSilent, readMessages } from './streamed-results.js';

/** Which gateway to use, and how. */
export interface StreamClientOptions {
  readonly url: string;
  /** Called for each request, so that credentials are fresh. */
  readonly toHeaders: () => Promise<Readonly<Record<string, string>>>;
  /** The media type of responses; Server-Sent Events by default. */
  readonly accept?: string;
  readonly fetch?: typeof globalThis.fetch;
  /** How long a stream may be silent, in ms. */
  readonly silentMs?: number;
}

/** HTTP statuses that are temporary, from the gateway or from a proxy in front of it. */
export const PASSING_HTTP_STATUS: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** How long a stream may be silent by default, in ms: more than two heartbeats of the gateway. */
export const SILENT_MS = 40_000;

/** Close codes of WebSockets, because listeners know those. */
const LOST = 1006;
const NOTHING_SUBSCRIBED = 1000;
const REFUSED = 4400;
const FORBIDDEN = 4403;
const TERMINATED = 4499;

interface Stream {
  readonly sink: Sink<FormattedExecutionResult<never, never>>;
  readonly controller: AbortController;
  /** Resolves once the gateway has responded. */
  readonly opened: Promise<void>;
}

type Listener = (...args: unknown[]) => void;

/**
 * A client with the interface of graphql-ws that sends each operation over HTTP, as a stream of its own. It does not
 * retry: wrap it with `resumable`.
 *
 * To listeners, all streams together are one connection: if one is lost, all are.
 *
 *     closed ──subscribe──▶ connecting ──a response──▶ connected
 *       ▲──────────────────────┴── lost, refused, nothing subscribed ──┘
 */
export function createStreamClient({
  url,
  toHeaders,
  accept = 'text/event-stream',
  fetch = globalThis.fetch,
  silentMs = SILENT_MS,
}: StreamClientOptions): Client {
  const listeners = new Map<string, Set<Listener>>();
  const streams = new Set<Stream>();
  let phase: 'closed' | 'connecting' | 'connected' = 'closed';

  /** Only pings are ever sent over it. */
  const socket = { send: () => void ping() };

  function emit(event: string, ...args: unknown[]): void {
    for (const listener of [...(listeners.get(event) ?? [])]) listener(...args);
  }

  async function post(payload: SubscribePayload, form: string, signal?: AbortSignal) {
    const headers = { ...(await toHeaders()), accept: form, 'content-type': 'application/json' };
    const body = JSON.stringify(payload);
    return await fetch(url, { method: 'POST', headers, body, signal: signal ?? null });
  }

  /** Check that the gateway responds, after it has responded to everything else. */
  async function ping(): Promise<void> {
    try {
      await Promise.all([...streams].map(({ opened }) => opened));
      await (await post({ query: '{ __typename }' }, 'application/json')).text();
      emit('pong', true, undefined);
    } catch (failure) {
      close(LOST, String(failure));
    }
  }

  /** End the connection, and all streams with it. */
  function close(code: number, reason: string): void {
    if (phase === 'closed') return;
    phase = 'closed';
    const event = { code, reason };
    const left = [...streams];
    streams.clear();
    for (const { controller } of left) controller.abort();
    emit('closed', event);
    for (const { sink } of left) sink.error(event);
  }

  function leave(stream: Stream): void {
    if (!streams.delete(stream)) return;
    stream.controller.abort();
    // Not at once, because a socket does not close at once either.
    queueMicrotask(() => {
      if (streams.size === 0) close(NOTHING_SUBSCRIBED, '');
    });
  }

  function subscribe<Data, Extensions>(
    payload: SubscribePayload,
    sink: Sink<FormattedExecutionResult<Data, Extensions>>,
  ): () => void {
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const stream: Stream = {
      sink: sink as Stream['sink'],
      controller: new AbortController(),
      opened,
    };
    streams.add(stream);
    if (phase === 'closed') {
      phase = 'connecting';
      emit('connecting', false);
      emit('opened', socket);
    }
    void run(stream, payload)
      .catch((failure) => {
        if (streams.has(stream)) close(LOST, String(failure));
      })
      .finally(open);
    return () => leave(stream);

    async function run(own: Stream, sent: SubscribePayload): Promise<void> {
      const response = await post(sent, accept, own.controller.signal);
      if (!streams.has(own)) return;
      if (!response.ok) {
        await refuse(own, response);
        return;
      }
      const messages = readMessages(failIfSilent(response, silentMs));
      if (!messages) {
        close(REFUSED, 'The response is not from a gateway.');
        return;
      }
      open();
      if (phase === 'connecting') {
        phase = 'connected';
        emit('connected', socket, undefined, false);
      }
      for await (const message of messages) {
        if (!streams.has(own)) return;
        if (message.kind === 'complete') {
          leave(own);
          own.sink.complete();
          return;
        }
        const { result } = message;
        // The credentials were valid when the stream began, so fresh ones may be valid again.
        if (result.errors?.every(({ extensions }) => extensions?.code === 'UNAUTHENTICATED')) {
          close(FORBIDDEN, 'The credentials are no longer valid.');
          return;
        }
        own.sink.next(result);
      }
      throw new Error('The stream ended before its operation did.');
    }
  }

  /** Handle a refusal: by the gateway, which says why, or by something in front of it. */
  async function refuse(stream: Stream, response: Response): Promise<void> {
    const { errors } = (await response.json().catch(() => ({}))) as { readonly errors?: unknown };
    if (!streams.has(stream)) return;
    if (Array.isArray(errors)) {
      leave(stream);
      stream.sink.error(errors);
    } else {
      const { status } = response;
      close(PASSING_HTTP_STATUS.has(status) ? LOST : REFUSED, `HTTP ${status}`);
    }
  }

  return {
    on(event, listener) {
      const own = listener as Listener;
      const registered = listeners.get(event) ?? new Set();
      listeners.set(event, registered.add(own));
      return () => void registered.delete(own);
    },
    subscribe,
    iterate: (payload) => iterate((sink) => subscribe(payload, sink)),
    dispose() {
      for (const stream of [...streams]) {
        leave(stream);
        stream.sink.complete();
      }
    },
    terminate: () => close(TERMINATED, 'Terminated'),
  };
}
