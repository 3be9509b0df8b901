/**
 * No wait is believed beyond a day: a slip in a header must not silence the gateway for longer, and a
 * timer of more than 2^31 ms would fire at once.
 */
const maxRetryAfterMs = 24 * 60 * 60 * 1000;

const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Read a `Retry-After` header in either form, seconds or an HTTP date.
 *
 * @param nowMs - by the gateway's clock; a date in the past means 0
 * @returns the wait in ms, at most a day, or undefined where the header says nothing usable
 * @see RFC 9110, section 10.2.3
 */
export function parseRetryAfterMs(
  header: string | string[] | undefined,
  nowMs: number,
): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim();
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, maxRetryAfterMs);
  const at = httpDate.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) return undefined;
  return Math.min(Math.max(0, at - nowMs), maxRetryAfterMs);
}
