import type { SubscribePayload } from 'graphql-ws';
import { type ResumableOptions, resumable } from './resumable.js';
import { createStreamClient, PASSING_HTTP_STATUS, SILENT_MS } from './stream-client.js';
import { failIfSilent } from './streamed-results.js';

/** How long a {@link resumableFetch} retries, and when it gives up a silent connection. */
export interface ResumableFetchOptions
  extends Pick<ResumableOptions, 'retryForMs' | 'maxRetryDelayMs'> {
  readonly fetch?: typeof globalThis.fetch;
  /** How long a connection may be silent, in ms; 40 s by default. The gateway sends a heartbeat every 15 s. */
  readonly silentMs?: number;
}

/** The pause before a request of an `EventSource` is repeated, in ms. */
const RETRY_MS = 1_000;

const BOUNDARY = '\r\n--graphql';

/**
 * A `fetch` for clients that subscribe over HTTP.
 *
 * - Multipart subscriptions, as Apollo Client sends them, resume after a lost connection.
 * - Event streams fail when they fall silent, so that an `EventSource` reconnects, which resumes by itself. While the
 *   gateway or a proxy is unavailable, requests wait; otherwise an `EventSource` would give up for good.
 *
 * Everything else passes through.
 */
export function resumableFetch({
  fetch = globalThis.fetch,
  silentMs = SILENT_MS,
  retryForMs,
  maxRetryDelayMs,
}: ResumableFetchOptions = {}): typeof globalThis.fetch {
  const options: ResumableOptions = {
    pingMs: silentMs,
    ...(retryForMs !== undefined && { retryForMs }),
    ...(maxRetryDelayMs !== undefined && { maxRetryDelayMs }),
  };

  /** Fail if no response comes in time, because a connection that was open before may be dead. */
  async function fetchInTime(
    input: Parameters<typeof globalThis.fetch>[0],
    init: RequestInit,
  ): Promise<Response> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new TypeError('No response in time.')), silentMs);
    const signals = [late.signal, ...(init.signal ? [init.signal] : [])];
    try {
      return await fetch(input, { ...init, signal: AbortSignal.any(signals) });
    } finally {
      clearTimeout(timer);
    }
  }

  async function fetchEvents(
    input: Parameters<typeof globalThis.fetch>[0],
    init: RequestInit,
  ): Promise<Response> {
    const startedAt = performance.now();
    const isLate = () => performance.now() - startedAt >= (retryForMs ?? Number.POSITIVE_INFINITY);
    for (;;) {
      const response = await fetchInTime(input, init);
      if (!PASSING_HTTP_STATUS.has(response.status) || isLate()) {
        return failIfSilent(response, silentMs);
      }
      await response.body?.cancel();
      await new Promise((resolve) => setTimeout(resolve, maxRetryDelayMs ?? RETRY_MS));
      init.signal?.throwIfAborted();
    }
  }

  function subscribe(url: string, payload: SubscribePayload, init: RequestInit): Response {
    const headers = new Headers(init.headers);
    const accept = headers.get('accept') ?? '';
    const encoder = new TextEncoder();
    const client = resumable(
      createStreamClient({
        url,
        accept,
        fetch: (address, own) => fetch(address, { ...init, ...own }),
        silentMs,
        toHeaders: async () => Object.fromEntries(headers),
      }),
      options,
    );
    let leave = () => {};
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        const write = (text: string) => controller.enqueue(encoder.encode(text));
        const writePart = (part: object) =>
          write(`\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(part)}${BOUNDARY}`);
        const finish = () => {
          write('--\r\n');
          controller.close();
        };
        write(BOUNDARY);
        init.signal?.addEventListener('abort', () => {
          leave();
          controller.error(init.signal?.reason);
        });
        leave = client.subscribe(payload, {
          next: (result) => writePart({ payload: result }),
          error(failure) {
            if (!Array.isArray(failure)) return controller.error(failure);
            writePart({ payload: null, errors: failure });
            finish();
          },
          complete: finish,
        });
      },
      cancel: () => leave(),
    });
    return new Response(body, {
      headers: { 'content-type': 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"' },
    });
  }

  return async (input, init = {}) => {
    const accept = new Headers(init.headers).get('accept') ?? '';
    if (/^text\/event-stream$/.test(accept)) return fetchEvents(input, init);
    const isSubscription = /subscriptionSpec/i.test(accept) && typeof init.body === 'string';
    if (!isSubscription) return fetch(input, init);
    const url = input instanceof Request ? input.url : String(input);
    return subscribe(url, JSON.parse(init.body as string) as SubscribePayload, init);
  };
}
