import { describe, expect, it } from '@jest/globals';
import type { Dataset } from '../../src/platform/dataset.js';
import { createRecordCheck } from '../../src/platform/record-check.js';

const NOW = Date.parse('2026-01-01T00:00:00Z');

const dataset: Dataset = {
  id: 'a'.repeat(24),
  name: 'Things',
  class: 'profile',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['_id'],
    properties: {
      _id: { type: 'string' },
      points: { type: 'number', minimum: 0 },
      count: { type: 'integer' },
      isMember: { type: 'boolean' },
      tags: { type: 'array', items: { type: 'string' } },
      joinedAt: { type: 'string', format: 'date-time' },
      bornOn: { type: 'string', format: 'date' },
      tier: { enum: ['silver', 'gold'] },
      country: { type: 'string', pattern: '^[A-Z]{2}$' },
      'a/b~c': { type: 'object', properties: { n: { type: 'number' } } },
    },
  },
};
const check = createRecordCheck(dataset, { now: () => NOW });

describe('a record', () => {
  it.each([
    ['nothing but what is required', {}, {}],
    ['text for a number', { points: '12.5' }, { points: 12.5 }],
    ['text for an integer', { count: '-3' }, { count: -3 }],
    ['a number for text', { country: 'SE', tags: [1, 'b'] }, { country: 'SE', tags: ['1', 'b'] }],
    [
      'ms since the epoch for a date-time',
      { joinedAt: 1_700_000_000_123 },
      { joinedAt: '2023-11-14T22:13:20.123Z' },
    ],
    ['ms since the epoch for a date', { bornOn: 0 }, { bornOn: '1970-01-01' }],
    ['null for nothing', { points: null, tier: 'gold' }, { tier: 'gold' }],
    ['a name that JSON pointers escape', { 'a/b~c': { n: '1' } }, { 'a/b~c': { n: 1 } }],
    [
      'a date-time with a fraction and an offset',
      { joinedAt: '2019-05-15T09:30:00.123456789+02:00' },
      { joinedAt: '2019-05-15T09:30:00.123456789+02:00' },
    ],
  ])('takes %s', (_what, given, taken) => {
    const record: Record<string, unknown> = { _id: 'a', ...given };
    expect(check(record)).toEqual([]);
    expect(record).toEqual({ _id: 'a', ...taken });
  });

  it.each([
    ['text that is no number', { points: 'x' }, 'conversion', '#/points', '[x] must be number'],
    ['empty text for a number', { points: '' }, 'conversion', '#/points', '[] must be number'],
    [
      'a fraction for an integer',
      { count: '1.5' },
      'conversion',
      '#/count',
      '[1.5] must be integer',
    ],
    [
      'text for a boolean',
      { isMember: 'true' },
      'conversion',
      '#/isMember',
      '[true] must be boolean',
    ],
    ['a boolean for text', { country: true }, 'conversion', '#/country', '[true] must be string'],
    ['text for an array', { tags: 'a' }, 'conversion', '#/tags', '[a] must be array'],
    [
      'a converted number that is too small',
      { points: '-1' },
      'constraint',
      '#/points',
      '[-1] must be >= 0',
    ],
    [
      'a day that is not in the calendar',
      { bornOn: '2019-02-29' },
      'constraint',
      '#/bornOn',
      '[2019-02-29] must match format "date"',
    ],
    [
      'what is not in the list',
      { tier: 'iron' },
      'constraint',
      '#/tier',
      '[iron] must be equal to one of the allowed values',
    ],
    [
      'a wrong pattern',
      { country: 'Sweden' },
      'constraint',
      '#/country',
      '[Sweden] must match pattern "^[A-Z]{2}$"',
    ],
    [
      'an unknown field',
      { other: 1 },
      'constraint',
      '#',
      'extraneous key [other] is not permitted',
    ],
    ['null for what is required', { _id: null }, 'required', '#', 'required key [_id] not found'],
  ])('refuses %s', (_what, given, kind, pointer, message) => {
    expect(check({ _id: 'a', ...given })).toMatchObject([{ kind, pointer, message }]);
  });

  it.each([
    '2018-00-10T22:07:56Z',
    '2018-01-10T22:07:56',
    '2018-01-10 22:07:56Z',
    '2018-01-10T24:00:00Z',
    '2018-01-10T22:07:56.1234567890Z',
    '2018-01-10T22:07:56+2',
  ])('refuses the date-time %s, in Adobe’s words', (joinedAt) => {
    expect(check({ _id: 'a', joinedAt })).toMatchObject([
      {
        keyword: 'format',
        message: expect.stringMatching(/is not a valid date-time\. Expected \[yyyy-MM-dd'T'HH:mm/),
        pointer: '#/joinedAt',
        schemaLocation: '#/properties/joinedAt',
      },
    ]);
  });

  it('tells all that is wrong at once', () => {
    const kinds = check({ points: 'x', tier: 'iron' }).map(({ kind }) => kind);
    expect(kinds.sort()).toEqual(['constraint', 'conversion', 'required']);
  });
});

describe('an event', () => {
  const event = createRecordCheck(
    { ...dataset, class: 'event', schema: { type: 'object' } },
    { now: () => NOW },
  );

  it('has an id and a time that is past', () => {
    expect(event({ _id: 'a', timestamp: '2026-01-01T00:00:00Z' })).toEqual([]);
    expect(event({}).map(({ message }) => message)).toEqual([
      'required key [_id] not found',
      'required key [timestamp] not found',
    ]);
    expect(event({ _id: 'a', timestamp: '2026-01-01T00:00:01Z' })).toMatchObject([
      {
        kind: 'constraint',
        pointer: '#/timestamp',
        message: '[2026-01-01T00:00:01Z] is in the future',
      },
    ]);
  });
});
