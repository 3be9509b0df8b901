import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createMarkerKind } from '../../../src/campaign/mapping/marker-kind.js';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const HOUR_MS = 3_600_000;

describe('a date-time as a marker', () => {
  const kind = createMarkerKind({ as: 'date-time' }, NOW);

  it('is the same in UTC as with an offset', () => {
    const instants = fc.integer({ min: Date.parse('0001-01-01T00:00:00Z'), max: NOW });
    const fractions = fc.stringMatching(/^(?:\.\d{1,9})?$/);
    fc.assert(
      fc.property(instants, fractions, fc.constantFrom('T', ' '), (ms, fraction, separator) => {
        const clock = (at: number) =>
          new Date(at).toISOString().slice(0, 19).replace('T', separator) + fraction;
        const marker = kind.read(`${clock(ms + HOUR_MS)}+01:00`);
        expect(marker).not.toBeNull();
        for (const zone of ['', 'Z', '+00', '-00:00', '+0000']) {
          expect(kind.read(`${clock(ms)}${zone}`)).toBe(marker);
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    '2025-02-30T00:00:00Z',
    '2025-13-01T00:00:00Z',
    '2025-00-10T00:00:00Z',
    '2025-01-01T24:00:01Z',
    '2025-01-01T00:60:00Z',
    '2025-1-01T00:00:00Z',
    '2025/01/01T00:00:00Z',
    '2o25-01-01T00:00:00Z',
    '2025-01-01T00:00:00+00:',
    '9999-12-31T00:00:00Z',
  ])('is not %s', (value) => {
    expect(kind.read(value)).toBeNull();
  });
});
