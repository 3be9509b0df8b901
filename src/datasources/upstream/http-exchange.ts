import type { IncomingHttpHeaders } from 'node:http';
import { type Dispatcher, errors } from 'undici';
import { toAnswerText } from './answer-text.js';
import { toDecoded } from './content-coding.js';
import type { HttpPool } from './http-pool.js';

/** One HTTP request. `path` is sent unchanged, including the query. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'HEAD';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** A complete answer, with any status. */
export interface HttpAnswer {
  readonly kind: 'answered';
  readonly status: number;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** How long it asks us to wait, in ms. */
  readonly retryAfterMs?: number | undefined;
}

/** The result of one HTTP request. */
export type HttpExchange =
  | HttpAnswer
  /** Not a byte of it reached the upstream: refused, unknown host, no TLS, or a proxy did not let it through. */
  | { readonly kind: 'unsent'; readonly cause: unknown }
  /** Sent, but the connection broke before the answer was complete. */
  | { readonly kind: 'broken'; readonly cause: unknown }
  /** Sent, but the answer is not HTTP, or is longer than allowed. */
  | { readonly kind: 'unreadable'; readonly cause: unknown }
  /** The caller's signal ended it; `cause` is the signal's reason. */
  | { readonly kind: 'cancelled'; readonly isSent: boolean; readonly cause: unknown };

/** The longest real answer has a few hundred bytes. Anything longer than this does not come from the API. */
const maxAnswerBytes = 1024 * 1024;

/**
 * Send one request once and read its answer. Redirects count as answers; nothing is repeated.
 *
 * @param signal - cancels it, also while the connection is being made
 * @returns never rejects: every failure is a kind of {@link HttpExchange}
 */
export function exchange(
  pool: HttpPool,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpExchange> {
  if (signal.aborted) {
    return Promise.resolve({ kind: 'cancelled', isSent: false, cause: signal.reason });
  }
  const { promise, resolve } = Promise.withResolvers<HttpExchange>();
  // The length in a HEAD's answer is that of a body that is not sent.
  const maxBytes = request.method === 'HEAD' ? Number.POSITIVE_INFINITY : maxAnswerBytes;
  const reader = new AnswerReader(pool, maxBytes, signal, resolve);
  // Without this header, any compression would be allowed.
  const headers = { 'accept-encoding': 'identity', ...request.headers };
  pool.dispatch({ ...request, headers, body: request.body ?? null }, reader);
  return promise;
}

/** Collects one answer. The first result counts; whatever undici reports later is ignored. */
class AnswerReader implements Dispatcher.DispatchHandler {
  #controller: Dispatcher.DispatchController | null = null;
  #head: { status: number; headers: IncomingHttpHeaders } | null = null;
  readonly #chunks: Buffer[] = [];
  #sizeBytes = 0;

  constructor(
    private readonly pool: HttpPool,
    private readonly maxBytes: number,
    private readonly signal: AbortSignal,
    private readonly resolve: (result: HttpExchange) => void,
  ) {
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** undici calls this just before it writes to a connected socket. From here on the request may have arrived. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Cancelled while connecting: undici checks after this hook and writes nothing.
    if (this.signal.aborted) {
      controller.abort(toError(this.signal.reason));
      return;
    }
    this.#controller = controller;
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return;
    this.#head = { status, headers };
    if (Number(headers['content-length'] ?? 0) > this.maxBytes) this.#giveUp(controller);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes > this.maxBytes) this.#giveUp(controller);
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (!this.#head) return;
    const { headers } = this.#head;
    const bytes = this.#toDecoded(headers);
    if (!bytes) {
      this.#settle({ kind: 'unreadable', cause: this.#toTooLong() });
      return;
    }
    this.#settle({
      kind: 'answered',
      ...this.#head,
      body: toAnswerText(bytes, headers['content-type']),
      retryAfterMs: this.pool.toRetryAfterMs(headers),
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, cause: Error): void {
    const isSent = this.#controller !== null;
    const proxyError = this.pool.toProxyError(cause, isSent);
    if (!isSent || proxyError) this.#settle({ kind: 'unsent', cause: proxyError ?? cause });
    else this.#settle({ kind: isNotHttp(cause) ? 'unreadable' : 'broken', cause });
  }

  /** Null if it is too long. */
  #toDecoded(headers: IncomingHttpHeaders): Uint8Array | null {
    const bytes = Buffer.concat(this.#chunks);
    try {
      // A header that is sent twice arrives as a list.
      return toDecoded(bytes, headers['content-encoding']?.toString(), maxAnswerBytes);
    } catch {
      return null;
    }
  }

  #toTooLong(): Error {
    return new Error(`The answer is longer than ${this.maxBytes} bytes.`);
  }

  #giveUp(controller: Dispatcher.DispatchController): void {
    const cause = this.#toTooLong();
    this.#settle({ kind: 'unreadable', cause });
    controller.abort(cause);
  }

  readonly #onAbort = () => {
    const cause: unknown = this.signal.reason;
    this.#settle({ kind: 'cancelled', isSent: this.#controller !== null, cause });
    this.#controller?.abort(toError(cause));
  };

  #settle(result: HttpExchange): void {
    this.signal.removeEventListener('abort', this.#onAbort);
    this.resolve(result);
  }
}

function isNotHttp(cause: Error): boolean {
  return cause instanceof errors.HTTPParserError || cause instanceof errors.HeadersOverflowError;
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('cancelled', { cause: reason });
}
