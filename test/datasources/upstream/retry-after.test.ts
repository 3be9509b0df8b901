import { describe, expect, it } from '@jest/globals';
import { parseRetryAfterMs } from '../../../src/datasources/upstream/retry-after.js';

const MAX_WAIT_MS = 300_000;
const now = Date.UTC(2026, 0, 1, 12, 0, 0);

describe('Retry-After', () => {
  it.each<[string, string | undefined, number | undefined]>([
    ['is seconds', '7', 7000],
    ['may be none at all', '0', 0],
    ['is an HTTP date', 'Thu, 01 Jan 2026 12:00:30 GMT', 30_000],
    ['is nothing once its date has passed', 'Thu, 01 Jan 2026 11:00:00 GMT', 0],
    ['is believed up to a bound, as seconds', '999999999999', MAX_WAIT_MS],
    ['is believed up to a bound, as a date', 'Thu, 01 Jan 2099 12:00:00 GMT', MAX_WAIT_MS],
    ['may have more digits than a number holds', '9'.repeat(400), MAX_WAIT_MS],
    ['may be a date in the form of RFC 850', 'Thursday, 01-Jan-26 12:00:30 GMT', 30_000],
    ['may be a date as C writes it', 'Thu Jan  1 12:00:30 2026', 30_000],
    ['may be missing', undefined, undefined],
    ['is not a fraction', '1.5', undefined],
    ['is not negative', '-1', undefined],
    ['is not any date that JavaScript reads', '2026-01-01T12:00:30Z', undefined],
    ['is not empty', '', undefined],
  ])('%s', (_, header, expected) => {
    const headers = header === undefined ? {} : { 'retry-after': header };
    expect(parseRetryAfterMs(headers, { nowMs: now, maxWaitMs: MAX_WAIT_MS })).toBe(expected);
  });

  it.each([
    ['an hour behind', 'Thu, 01 Jan 2026 11:00:00 GMT', 'Thu, 01 Jan 2026 11:00:07 GMT', 7_000],
    ['a day ahead', 'Fri, 02 Jan 2026 12:00:00 GMT', 'Fri, 02 Jan 2026 12:00:07 GMT', 7_000],
    ['an hour ahead', 'Thu, 01 Jan 2026 13:00:00 GMT', 'Thu, 01 Jan 2026 12:59:59 GMT', 0],
    ['not to be read', 'yesterday', 'Thu, 01 Jan 2026 12:00:07 GMT', 7_000],
  ])('is judged by the clock of whoever wrote it, which is %s', (_, date, retryAfter, expected) => {
    const headers = { date, 'retry-after': retryAfter };
    expect(parseRetryAfterMs(headers, { nowMs: now, maxWaitMs: MAX_WAIT_MS })).toBe(expected);
  });
});
