import { describe, expect, it } from '@jest/globals';
import { type Conversion, convert } from '../../src/campaign/conversion.js';
import { createShaper } from '../../src/campaign/xdm-record.js';

describe('convert', () => {
  it.each<[Conversion, unknown, unknown]>([
    ['string', 'a', 'a'],
    ['string', 42, '42'],
    ['string', true, 'true'],
    ['number', ' 1.50 ', 1.5],
    ['number', '-2e3', -2000],
    ['number', 7, 7],
    ['integer', '007', 7],
    ['boolean', 'Yes', true],
    ['boolean', 0, false],
    ['boolean', false, false],
    ['date', '2024-02-29', '2024-02-29'],
    ['date-time', '2021-01-26T15:52:25Z', '2021-01-26T15:52:25Z'],
    ['date-time', '2021-01-26 15:52:25.123456', '2021-01-26T15:52:25.123456Z'],
    ['date-time', '2021-01-26T15:52:25+02:00', '2021-01-26T15:52:25+02:00'],
    ['date-time', 1_611_676_345_000, '2021-01-26T15:52:25.000Z'],
  ])('to %s: %j is %j', (conversion, value, expected) => {
    expect(convert(value, conversion)).toBe(expected);
  });

  it.each<[Conversion, unknown, string]>([
    ['string', { a: 1 }, 'expected a string, got {"a":1}'],
    ['number', '1,5', 'expected a number, got "1,5"'],
    ['number', '1e999', 'expected a number, got "1e999"'],
    ['number', '', 'expected a number, got ""'],
    ['number', '0x10', 'expected a number, got "0x10"'],
    ['integer', '1.5', 'expected an integer, got "1.5"'],
    ['integer', '9007199254740993', 'expected an integer, got "9007199254740993"'],
    ['boolean', 'maybe', 'expected true or false (also yes, no, 1, 0), got "maybe"'],
    ['date', '2023-02-29', 'expected a date such as 2019-05-15, got "2023-02-29"'],
    ['date', '01-3', 'expected a date such as 2019-05-15, got "01-3"'],
    [
      'date-time',
      '2021-13-26T15:52:25Z',
      'expected a date-time such as 2019-05-15T09:30:00Z, got "2021-13-26T15:52:25Z"',
    ],
    [
      'date-time',
      '2021-01-26T25:00:00Z',
      'expected a date-time such as 2019-05-15T09:30:00Z, got "2021-01-26T25:00:00Z"',
    ],
  ])('to %s: %j is refused', (conversion, value, message) => {
    expect(() => convert(value, conversion)).toThrow(message);
  });
});

describe('a shaper', () => {
  const recordOf = (values: Record<string, unknown>) => ({
    place: 'crm.csv line 12',
    read: (column: string) => values[column],
  });
  const shape = createShaper([
    { column: 'id', to: '_id' },
    { column: 'mail', to: 'identityMap.Email' },
    { column: 'work', to: 'identityMap.Email' },
    { column: 'id', to: 'identityMap.CRMID' },
    { column: 'first', to: 'person.name.firstName' },
    { column: 'last', to: 'person.name.lastName' },
    { column: 'points', to: 'loyalty.points', as: 'integer' },
  ]);

  it('nests, gathers identities, and leaves out what is empty', () => {
    const values = {
      id: '1',
      mail: 'a@example.com',
      work: 'b@example.com',
      first: 'Zoë',
      last: '',
    };
    expect(shape(recordOf(values))).toEqual({
      _id: '1',
      identityMap: {
        Email: [{ id: 'a@example.com', primary: true }, { id: 'b@example.com' }],
        CRMID: [{ id: '1' }],
      },
      person: { name: { firstName: 'Zoë' } },
    });
  });

  it('makes the first identity that is there the primary one', () => {
    expect(shape(recordOf({ id: '1' }))).toEqual({
      _id: '1',
      identityMap: { CRMID: [{ id: '1', primary: true }] },
    });
  });

  it('says where a value is wrong', () => {
    expect(() => shape(recordOf({ points: 'many' }))).toThrow(
      'crm.csv line 12, column "points": expected an integer, got "many"',
    );
  });
});
