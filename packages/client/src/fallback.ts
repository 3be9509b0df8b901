import type { Client, FormattedExecutionResult, Sink, SubscribePayload } from 'graphql-ws';
import { createWatched, type Watched } from './connection.js';
import { iterate } from './iterate.js';

/** How a client reaches its gateway. */
export type Transport = 'websocket' | 'sse';

/** How to tell that WebSockets do not get through. */
export interface FallbackOptions {
  /** Whether the gateway answers over HTTP. */
  readonly isReachable: () => Promise<boolean>;
  /** How long a WebSocket may take to open, in ms. */
  readonly openMs: number;
}

/** A client that falls back to streams if WebSockets do not get through. */
export interface FallbackClient extends Client {
  readonly transport: Watched<Transport>;
}

/** Close codes from here to `TERMINATED` come from the gateway, so the WebSocket did get through. */
const FIRST_OF_GATEWAY = 4400;
const TERMINATED = 4499;

/**
 * Use WebSockets, and streams instead if WebSockets do not get through although the gateway responds over HTTP.
 *
 *     websocket ──it does not open, although the gateway answered before──▶ sse
 *         ▲────────────────────── the stream is lost ──────────────────────┘
 *
 * Wrap it with `resumable`: the subscriptions that it resumes open each new connection.
 *
 * @param sockets - can be terminated before it is open
 */
export function withFallback(
  sockets: Client,
  streams: Client,
  { isReachable, openMs }: FallbackOptions,
): FallbackClient {
  const transport = createWatched<Transport>('websocket');
  /** For the next subscription. Until then, listeners still hear from the connection that has ended. */
  let next: Transport = 'websocket';
  /** Whether the gateway has answered over HTTP since a WebSocket last opened. */
  let hasAnswered = false;
  let attempt: { readonly hadAnswered: boolean } | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  sockets.on('connecting', () => {
    attempt = { hadAnswered: hasAnswered };
    timer = setTimeout(() => sockets.terminate(), openMs);
  });
  sockets.on('connected', () => {
    clearTimeout(timer);
    attempt = null;
    hasAnswered = false;
  });
  sockets.on('closed', (event) => {
    clearTimeout(timer);
    const failed = attempt;
    attempt = null;
    const { code } = event as { readonly code: number };
    if (!failed || (code >= FIRST_OF_GATEWAY && code < TERMINATED)) return;
    if (failed.hadAnswered) next = 'sse';
    else {
      void isReachable().then((isAnswered) => {
        hasAnswered ||= isAnswered;
      });
    }
  });
  streams.on('closed', () => {
    next = 'websocket';
    // Try it once, before streams again.
    hasAnswered = true;
  });

  function subscribe<Data, Extensions>(
    payload: SubscribePayload,
    sink: Sink<FormattedExecutionResult<Data, Extensions>>,
  ): () => void {
    transport.set(next);
    return current().subscribe(payload, sink);
  }

  const current = () => (transport.get() === 'websocket' ? sockets : streams);
  return {
    transport,
    on(event, listener) {
      const stops = [sockets, streams].map((client) => {
        const listen = listener as (...args: unknown[]) => void;
        const ifCurrent = (...args: unknown[]) => {
          if (client === current()) listen(...args);
        };
        return client.on(event, ifCurrent as typeof listener);
      });
      return () => {
        for (const stop of stops) stop();
      };
    },
    subscribe,
    iterate: (payload) => iterate((sink) => subscribe(payload, sink)),
    async dispose() {
      clearTimeout(timer);
      await sockets.dispose();
      await streams.dispose();
    },
    terminate: () => current().terminate(),
  };
}
