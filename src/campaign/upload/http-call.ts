import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'undici';
import type { Connections } from './connections.js';
import { decompress } from './decompress.js';
import { PlatformError } from './platform-error.js';

/** From the last sent byte to the answer's first, and between two of the answer's. In ms. */
const ANSWER_TIMEOUT_MS = 60_000;

/** How much of an answer's body an error may quote. */
const LONGEST_REASON = 300;

/** One call. */
export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly signal: AbortSignal;
}

/**
 * Make a call once, and read the complete answer.
 *
 * @returns the text of a 2xx answer
 * @throws {PlatformError} for any other answer, or none; the signal's reason if it was aborted
 */
export async function callHttp(
  connections: Connections,
  { method, url, headers, body, signal }: HttpCall,
): Promise<string> {
  const target = new URL(url);
  const name = `${method} ${target.pathname}`;
  const way = connections.wayTo(target);
  const response = await orPlatformError(name, way, signal, () =>
    request(url, {
      dispatcher: connections.of(method),
      method,
      headers: { ...headers, 'accept-encoding': 'identity' },
      body: body ?? null,
      signal,
      headersTimeout: ANSWER_TIMEOUT_MS,
      bodyTimeout: ANSWER_TIMEOUT_MS,
    }),
  );
  const { statusCode } = response;
  const bytes = await orPlatformError(name, way, signal, async () =>
    decompress(await response.body.bytes(), response.headers['content-encoding']),
  );
  const text = toAnswerText(bytes);
  if (statusCode >= 200 && statusCode < 300) return text;
  const { reason, errorCode } = readComplaint(text);
  throw new PlatformError(
    `${name} was answered with ${statusCode}: ${reason}`,
    statusCode === 429 || statusCode === 408 || statusCode >= 500,
    statusCode,
    parseRetryAfter(response.headers),
    { errorCode },
  );
}

async function orPlatformError<T>(
  name: string,
  way: string,
  signal: AbortSignal,
  exchange: () => Promise<T>,
): Promise<T> {
  try {
    return await exchange();
  } catch (error) {
    signal.throwIfAborted();
    const { message, code } = error as NodeJS.ErrnoException;
    throw new PlatformError(`${name} had no answer${way}: ${message || code}`, true, null, null, {
      cause: error,
    });
  }
}

/** UTF-8, as JSON is sent, or UTF-16 by its byte order mark, which is not part of the text. */
function toAnswerText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  return new TextDecoder().decode(bytes);
}

/** What Adobe's envelopes say about the error. */
function readComplaint(text: string): { readonly reason: string; readonly errorCode?: string } {
  try {
    const { error_code, message, title, detail, error_description } = JSON.parse(text);
    const words = [error_code, message ?? title, detail ?? error_description];
    const known = words.filter((word) => typeof word === 'string').join(' ');
    const reason = (known || text).slice(0, LONGEST_REASON);
    return /^\d+$/.test(error_code) ? { reason, errorCode: String(error_code) } : { reason };
  } catch {
    // Not JSON: it is shown as it is.
  }
  return { reason: text.slice(0, LONGEST_REASON) || 'no body' };
}

/** Seconds, or a date, which is compared with the answer's own Date if there is one. */
function parseRetryAfter(headers: IncomingHttpHeaders): number | null {
  const text = String(headers['retry-after'] ?? '').trim();
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  if (Number.isNaN(at)) return null;
  const sentAt = Date.parse(String(headers.date ?? ''));
  return Math.max(0, at - (Number.isNaN(sentAt) ? Date.now() : sentAt));
}
