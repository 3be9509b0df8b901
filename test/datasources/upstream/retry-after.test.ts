import { describe, expect, it } from '@jest/globals';
import { parseRetryAfterMs } from '../../../src/datasources/upstream/retry-after.js';

const MAX_WAIT_MS = 300_000;
const now = Date.UTC(2026, 0, 1, 12, 0, 0);

describe('Retry-After', () => {
  it.each<[string, string | undefined, number | undefined]>([
    ['may be seconds', '7', 7000],
    ['may be zero', '0', 0],
    ['may be an HTTP date', 'Thu, 01 Jan 2026 12:00:30 GMT', 30_000],
    ['is zero once its date has passed', 'Thu, 01 Jan 2026 11:00:00 GMT', 0],
    ['is limited, as seconds', '999999999999', MAX_WAIT_MS],
    ['is limited, as a date', 'Thu, 01 Jan 2099 12:00:00 GMT', MAX_WAIT_MS],
    ['may have more digits than a number can hold', '9'.repeat(400), MAX_WAIT_MS],
    ['may be an RFC 850 date', 'Thursday, 01-Jan-26 12:00:30 GMT', 30_000],
    ['may be an asctime date', 'Thu Jan  1 12:00:30 2026', 30_000],
    ['may be missing', undefined, undefined],
    ['must not be a fraction', '1.5', undefined],
    ['must not be negative', '-1', undefined],
    ['must not be another date that JavaScript accepts', '2026-01-01T12:00:30Z', undefined],
    ['must not be empty', '', undefined],
  ])('%s', (_, header, expected) => {
    const headers = header === undefined ? {} : { 'retry-after': header };
    expect(parseRetryAfterMs(headers, { nowMs: now, maxWaitMs: MAX_WAIT_MS })).toBe(expected);
  });

  it.each([
    ['an hour behind', 'Thu, 01 Jan 2026 11:00:00 GMT', 'Thu, 01 Jan 2026 11:00:07 GMT', 7_000],
    ['a day ahead', 'Fri, 02 Jan 2026 12:00:00 GMT', 'Fri, 02 Jan 2026 12:00:07 GMT', 7_000],
    ['an hour ahead', 'Thu, 01 Jan 2026 13:00:00 GMT', 'Thu, 01 Jan 2026 12:59:59 GMT', 0],
    ['unreadable', 'yesterday', 'Thu, 01 Jan 2026 12:00:07 GMT', 7_000],
  ])('is measured by the clock of its sender, which is %s', (_, date, retryAfter, expected) => {
    const headers = { date, 'retry-after': retryAfter };
    expect(parseRetryAfterMs(headers, { nowMs: now, maxWaitMs: MAX_WAIT_MS })).toBe(expected);
  });
});
