import type { IncomingHttpHeaders } from 'node:http';

const time = String.raw`\d{2}:\d{2}:\d{2}`;

/** The date formats that every recipient must parse, including the two old ones: RFC 9110, section 5.6.7. */
const datesInGmt = [
  new RegExp(String.raw`^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} ${time} GMT$`),
  new RegExp(String.raw`^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} ${time} GMT$`),
];
const dateWithoutZone = new RegExp(String.raw`^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d ${time} \d{4}$`);

/** How to judge the wait that an answer asks for. */
export interface RetryAfterRules {
  /** By the gateway's clock, in ms since the epoch: for a date in an answer that does not say what time it is. */
  readonly nowMs: number;
  /** The longest accepted wait, so that a wrong header can't silence the gateway for longer. */
  readonly maxWaitMs: number;
}

/**
 * Read how long an answer asks us to wait, from its `Retry-After` in either form, seconds or an HTTP date. A date is
 * compared with the answer's own `Date`, by the clock of the machine that wrote both.
 *
 * @returns the wait in ms, at most `maxWaitMs` and 0 if it is over, or undefined if there is no usable value
 * @see RFC 9110, section 10.2.3
 */
export function parseRetryAfterMs(
  headers: IncomingHttpHeaders,
  { nowMs, maxWaitMs }: RetryAfterRules,
): number | undefined {
  const text = firstOf(headers['retry-after']);
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, maxWaitMs);
  const at = parseHttpDate(text);
  if (Number.isNaN(at)) return undefined;
  const sentAt = parseHttpDate(firstOf(headers.date) ?? '');
  return Math.min(Math.max(0, at - (Number.isNaN(sentAt) ? nowMs : sentAt)), maxWaitMs);
}

function firstOf(header: string | string[] | undefined): string | undefined {
  return (Array.isArray(header) ? header[0] : header)?.trim();
}

/** @returns ms since the epoch, or NaN */
function parseHttpDate(text: string): number {
  if (datesInGmt.some((form) => form.test(text))) return Date.parse(text);
  return dateWithoutZone.test(text) ? Date.parse(`${text} GMT`) : Number.NaN;
}
