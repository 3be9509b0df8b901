import { describe, expect, it } from '@jest/globals';
import { parseRetryAfterMs } from '../../src/datasources/retry-after.js';

const now = Date.UTC(2026, 0, 1, 12, 0, 0);

describe('Retry-After', () => {
  it.each<[string, string | undefined, number | undefined]>([
    ['is seconds', '7', 7000],
    ['may be none at all', '0', 0],
    ['is an HTTP date', 'Thu, 01 Jan 2026 12:00:30 GMT', 30_000],
    ['is nothing once its date has passed', 'Thu, 01 Jan 2026 11:00:00 GMT', 0],
    ['is believed for a day, as seconds', '999999999999', 86_400_000],
    ['is believed for a day, as a date', 'Thu, 01 Jan 2099 12:00:00 GMT', 86_400_000],
    ['may be missing', undefined, undefined],
    ['is not a fraction', '1.5', undefined],
    ['is not negative', '-1', undefined],
    ['is not any date that JavaScript reads', '2026-01-01T12:00:30Z', undefined],
    ['is not empty', '', undefined],
  ])('%s', (_, header, expected) => {
    expect(parseRetryAfterMs(header, now)).toBe(expected);
  });
});
