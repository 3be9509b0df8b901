import type { IncomingHttpHeaders } from 'node:http';
import { type Dispatcher, errors, Pool } from 'undici';
import { toAnswerText } from './answer-text.js';

/** One HTTP request. `path` goes onto the wire as it stands, query included. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'HEAD';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** A whole answer, whatever its status. */
export interface HttpAnswer {
  readonly kind: 'answered';
  readonly status: number;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What became of one HTTP request. */
export type HttpExchange =
  | HttpAnswer
  /** Not a byte of it was sent: refused, unknown host, no TLS. */
  | { readonly kind: 'unsent'; readonly cause: unknown }
  /** Sent, and the connection broke before the whole answer was there. */
  | { readonly kind: 'broken'; readonly cause: unknown }
  /** Sent, and what came is not HTTP, or is longer than allowed. */
  | { readonly kind: 'unreadable'; readonly cause: unknown }
  /** The caller's signal ended it; `cause` is the signal's reason. */
  | { readonly kind: 'calledOff'; readonly isSent: boolean; readonly cause: unknown };

/** The longest real answer has a few hundred bytes; past this, whatever answers is not the API. */
const maxAnswerBytes = 1024 * 1024;

/**
 * Keep connections to the origin of `url`.
 *
 * HTTP/1.1 only, so that "was it sent?" has one meaning. undici's timeouts for answers are off: the
 * deadline of the call is the only one, or two clocks would race to name the same failure. Its 10 s for
 * making a connection stay, for a connection that never comes is worth a second attempt.
 */
export function createHttpPool(url: URL): Pool {
  return new Pool(url.origin, {
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

/**
 * Send one request once and read its answer. Redirects are answers like any other; nothing is repeated.
 *
 * @param signal - calls it off, also while the connection is still being made
 * @returns never rejects: every way to fail is a kind of {@link HttpExchange}
 */
export function exchange(
  dispatcher: Dispatcher,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpExchange> {
  if (signal.aborted) {
    return Promise.resolve({ kind: 'calledOff', isSent: false, cause: signal.reason });
  }
  const { promise, resolve } = Promise.withResolvers<HttpExchange>();
  // What a HEAD says of the length is of a body that does not come.
  const maxBytes = request.method === 'HEAD' ? Number.POSITIVE_INFINITY : maxAnswerBytes;
  const reader = new AnswerReader(maxBytes, signal, resolve);
  dispatcher.dispatch({ ...request, body: request.body ?? null }, reader);
  return promise;
}

/** Collects one answer. What settles first is the result; whatever undici reports later is dropped. */
class AnswerReader implements Dispatcher.DispatchHandler {
  #controller: Dispatcher.DispatchController | null = null;
  #head: { status: number; headers: IncomingHttpHeaders } | null = null;
  readonly #chunks: Buffer[] = [];
  #sizeBytes = 0;

  constructor(
    private readonly maxBytes: number,
    private readonly signal: AbortSignal,
    private readonly resolve: (result: HttpExchange) => void,
  ) {
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** undici calls this just before it writes to a connected socket: from here on it may have arrived. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Called off while connecting: undici checks after this hook and writes nothing.
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
    const body = toAnswerText(Buffer.concat(this.#chunks), this.#head.headers['content-type']);
    this.#settle({ kind: 'answered', ...this.#head, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, cause: Error): void {
    if (!this.#controller) this.#settle({ kind: 'unsent', cause });
    else this.#settle({ kind: isNotHttp(cause) ? 'unreadable' : 'broken', cause });
  }

  #giveUp(controller: Dispatcher.DispatchController): void {
    const cause = new Error(`The answer is longer than ${this.maxBytes} bytes.`);
    this.#settle({ kind: 'unreadable', cause });
    controller.abort(cause);
  }

  readonly #onAbort = () => {
    const cause: unknown = this.signal.reason;
    this.#settle({ kind: 'calledOff', isSent: this.#controller !== null, cause });
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
  return reason instanceof Error ? reason : new Error('called off', { cause: reason });
}
