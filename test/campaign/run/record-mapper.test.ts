import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Conversion, convert } from '../../../src/campaign/mapping/conversion.js';
import type { MappedField } from '../../../src/campaign/mapping/mapping.js';
import { BadRecordError } from '../../../src/campaign/run/field-reader.js';
import { compileMapper } from '../../../src/campaign/run/record-mapper.js';

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
    ['boolean', 't', true],
    ['integer', '-9007199254740991', -9007199254740991],
    ['date', '2024-02-29', '2024-02-29'],
    ['date', '2000-02-29', '2000-02-29'],
    ['date-time', '2021-01-26T15:52:25Z', '2021-01-26T15:52:25Z'],
    ['date-time', '2021-01-26 15:52:25.123456', '2021-01-26T15:52:25.123456Z'],
    ['date-time', '2021-01-26T15:52:25+02:00', '2021-01-26T15:52:25+02:00'],
    ['date-time', '2021-01-26 15:52:25.5+00', '2021-01-26T15:52:25.5+00:00'],
    ['date-time', '2021-01-26 15:52:25-0330', '2021-01-26T15:52:25-03:30'],
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
    ['number', '9007199254740993', 'expected a number, got "9007199254740993"'],
    ['date', '1900-02-29', 'expected a date such as 2019-05-15, got "1900-02-29"'],
    ['date', '2024-04-31', 'expected a date such as 2019-05-15, got "2024-04-31"'],
    ['date', '2024-00-10', 'expected a date such as 2019-05-15, got "2024-00-10"'],
    ['boolean', 'maybe', 'expected true or false (also yes, no, t, f, 1, 0), got "maybe"'],
    ['date', '2023-02-29', 'expected a date such as 2019-05-15, got "2023-02-29"'],
    ['date', '01-3', 'expected a date such as 2019-05-15, got "01-3"'],
    ['date-time', 1_611_676_345, 'expected a date-time, or a format: epoch-seconds'],
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

describe('a count from 1970', () => {
  const read = (format: string, value: unknown) =>
    compileMapper([{ column: 'at', to: 'at', as: 'date-time', format }], ['at'])([value]);

  it.each<[string, unknown, string]>([
    ['epoch-seconds', 1_717_171_717, '2024-05-31T16:08:37.000Z'],
    ['epoch-seconds', ' 1717171717.25 ', '2024-05-31T16:08:37.250Z'],
    ['epoch-seconds', -1, '1969-12-31T23:59:59.000Z'],
    ['epoch-milliseconds', '1717171717001', '2024-05-31T16:08:37.001Z'],
  ])('of %s: %j is %j', (format, value, expected) => {
    expect(read(format, value)).toBe(`{"at":"${expected}"}\n`);
  });

  it.each<[string, unknown]>([
    ['epoch-seconds', 1_717_171_717_000],
    ['epoch-seconds', '2024-05-31'],
    ['epoch-milliseconds', '0x10'],
    ['epoch-milliseconds', 'NaN'],
  ])('of %s: %j is refused', (format, value) => {
    expect(() => read(format, value)).toThrow(`a time in ${format.replace('-', ' ')}`);
  });
});

describe('a mapper', () => {
  const columns = ['id', 'mail', 'work', 'first', 'last', 'points', 'tier', 'zip', 'extra'];
  const map = compileMapper(
    [
      { column: 'id', to: '_id' },
      { column: 'mail', to: 'identityMap.Email' },
      { column: 'work', to: 'identityMap.Email' },
      { column: 'id', to: 'identityMap.CRMID' },
      { column: 'first', to: 'person.name.firstName' },
      { column: 'last', to: 'person.name.lastName' },
      { column: 'points', to: 'loyalty.points', as: 'integer' },
      { column: 'tier', to: 'loyalty.tier', enum: ['gold', 'silver'] },
      { column: 'zip', to: 'homeAddress.postalCode', pattern: '^\\d{5}$' },
      { column: 'extra', to: '_acme.extra' },
    ],
    columns,
  );
  const rowOf = (values: Record<string, unknown>) => columns.map((column) => values[column]);

  it('nests, collects identities, and omits what is empty', () => {
    const values = { id: '1', mail: 'a@x.org', work: 'b@x.org', first: 'Zo"ë\n', last: '' };
    const line = map(rowOf(values));
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(JSON.parse(line)).toEqual({
      _id: '1',
      identityMap: {
        Email: [{ id: 'a@x.org', primary: true }, { id: 'b@x.org' }],
        CRMID: [{ id: '1' }],
      },
      person: { name: { firstName: 'Zo"ë\n' } },
    });
  });

  it('makes the first available identity the primary one, always as a string', () => {
    expect(JSON.parse(map(rowOf({ id: 1 })))).toEqual({
      _id: 1,
      identityMap: { CRMID: [{ id: '1', primary: true }] },
    });
  });

  it('writes an empty object for an empty row', () => {
    expect(map(rowOf({ first: null, last: '' }))).toBe('{}\n');
  });

  it('writes what JSON.stringify would, for any record', () => {
    const written = compileMapper(
      [
        { column: 'a', to: 'a.b' },
        { column: 'b', to: 'a.c.d' },
        { column: 'c', to: 'e' },
      ],
      ['a', 'b', 'c'],
    );
    fc.assert(
      fc.property(
        fc.tuple(fc.json(), fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true })),
        ([a, b, c]) => {
          const value = JSON.parse(a);
          const isThere = value !== null && value !== '';
          const ab = { ...(isThere && { b: value }), ...(b !== '' && { c: { d: b } }) };
          const record = { ...(isThere || b !== '' ? { a: ab } : {}), e: c };
          expect(written([value, b, c])).toBe(`${JSON.stringify(record)}\n`);
        },
      ),
    );
  });

  it.each<[Record<string, unknown>, string]>([
    [{ points: 'many' }, 'column "points": expected an integer, got "many"'],
    [{ tier: 'lead' }, 'column "tier": expected one of gold, silver, got "lead"'],
    [{ zip: '1234' }, 'column "zip": expected what matches ^\\d{5}$, got "1234"'],
    [{ mail: ['a'] }, 'column "mail": expected a string, got ["a"]'],
    [{ extra: new Uint8Array(2) }, 'column "extra": expected a JSON value, got "binary data"'],
    [{ extra: Number.POSITIVE_INFINITY }, 'column "extra": expected a JSON value, got "Infinity"'],
  ])('refuses %j, and says which column and why', (values, message) => {
    expect(() => map(rowOf(values))).toThrow(new BadRecordError(message));
  });

  it('rejects a record without a required value', () => {
    const strict = compileMapper([{ column: 'a', to: 'a', required: true }], ['a']);
    for (const value of [undefined, null, '']) {
      expect(() => strict([value])).toThrow('column "a": required, and has no value');
    }
    expect(strict([0])).toBe('{"a":0}\n');
  });
});

describe('a field', () => {
  const written = (field: Omit<MappedField, 'to'>, ...values: unknown[]) => {
    const columns = values.map((_value, at) => String.fromCharCode(97 + at));
    return JSON.parse(compileMapper([{ ...field, to: 'x' }], columns)(values)).x;
  };

  it.each<[Omit<MappedField, 'to'>, readonly unknown[], unknown]>([
    [{ value: 'crm' }, [], 'crm'],
    [{ value: false }, [], false],
    [{ concat: ['a', 'b', 'c'], separator: ' ' }, ['Ada', null, 'King'], 'Ada King'],
    [{ concat: ['a', 'b'] }, ['', null], undefined],
    [{ concat: ['a', 'b'], separator: '-' }, [1, 2], '1-2'],
    [{ column: 'a', default: 'FR' }, [''], 'FR'],
    [{ column: 'a', default: 'FR' }, ['DE'], 'DE'],
    [{ column: 'a', default: null }, [null], null],
    [{ column: 'a', apply: ['trim'], default: 0 }, ['  '], 0],
    [
      { column: 'a', apply: ['trim', 'lower', 'sha256'] },
      [' Ada@Example.com '],
      createHash('sha256').update('ada@example.com').digest('hex'),
    ],
    [{ column: 'a', map: { Y: true, N: false } }, [' Y'], true],
    [{ column: 'a', map: { '1': 'male', U: null } }, [1], 'male'],
    [{ column: 'a', map: { U: null } }, ['U'], undefined],
    [{ column: 'a', as: 'number', decimal: ',' }, ['1.234.567,50'], 1234567.5],
    [{ column: 'a', as: 'number', decimal: ',' }, ['-12,25'], -12.25],
    [{ column: 'a', as: 'integer', decimal: ',' }, ['1 234'], 1234],
    [{ column: 'a', as: 'number', decimal: ',' }, [1.5], 1.5],
    [{ column: 'a', as: 'date', format: 'dd/MM/yyyy' }, ['15/05/1985'], '1985-05-15'],
    [{ column: 'a', as: 'date', format: 'd MMM yyyy' }, ['5 May 1985'], '1985-05-05'],
    [
      { column: 'a', as: 'date-time', format: 'dd.MM.yyyy HH:mm', timeZone: 'Europe/Berlin' },
      ['03.07.2024 09:30'],
      '2024-07-03T09:30:00+02:00',
    ],
    [
      { column: 'a', as: 'date-time', format: 'dd/MM/yyyy HH:mm:ss' },
      ['03/02/2024 09:30:59'],
      '2024-02-03T09:30:59Z',
    ],
  ])('%j of %j is %j', (field, values, expected) => {
    expect(written(field, ...values)).toEqual(expected);
  });

  it.each<[Omit<MappedField, 'to'>, unknown, string]>([
    [{ column: 'a', map: { Y: true, N: false } }, 'y', 'column "a": expected one of Y, N, got "y"'],
    [
      { column: 'a', as: 'number', decimal: ',' },
      '1.23,5',
      'column "a": expected a number such as 1.234,56, got "1.23,5"',
    ],
    [
      { column: 'a', as: 'date', format: 'dd/MM/yyyy' },
      '31/02/2024',
      'column "a": expected a date in the form dd/MM/yyyy, got "31/02/2024"',
    ],
    [
      { column: 'a', as: 'date', format: 'dd/MM/yyyy' },
      '2024-02-03',
      'column "a": expected a date in the form dd/MM/yyyy, got "2024-02-03"',
    ],
    [
      { column: 'a', as: 'date-time', format: 'dd/MM/yyyy HH:mm', timeZone: 'Europe/Berlin' },
      '31/03/2024 02:30',
      'column "a": expected a time that exists in Europe/Berlin, got "31/03/2024 02:30"',
    ],
  ])('%j refuses %j', (field, value, message) => {
    expect(() => written(field, value)).toThrow(new BadRecordError(message));
  });

  it('takes items from a list, from a split text or from several columns', () => {
    const map = compileMapper(
      [
        { column: 'a', to: 'loyalty.loyaltyID[]', split: '|', apply: ['trim'] },
        { column: 'b', to: 'loyalty.loyaltyID[]' },
        { column: 'b', to: 'loyalty.tier' },
      ],
      ['a', 'b'],
    );
    expect(JSON.parse(map(['x| y||', 'z']))).toEqual({
      loyalty: { loyaltyID: ['x', 'y', 'z'], tier: 'z' },
    });
    expect(map(['|', ''])).toBe('{}\n');
  });

  it('is the primary identity if declared, and has a state', () => {
    const map = compileMapper(
      [
        { column: 'a', to: 'identityMap.Email', authenticatedState: 'ambiguous' },
        { column: 'b', to: 'identityMap.CRMID', primary: true },
      ],
      ['a', 'b'],
    );
    expect(JSON.parse(map(['a@x', 7]))).toEqual({
      identityMap: {
        Email: [{ id: 'a@x', authenticatedState: 'ambiguous' }],
        CRMID: [{ id: '7', primary: true }],
      },
    });
    expect(() => map(['a@x', ''])).toThrow('column "b": the primary identity has no value');
  });
});

describe('decimals', () => {
  it.each(['12345678901234567.89', '9007199254740993.0', '90071992547409.93'])(
    'that a double cannot hold are refused: %s',
    (text) => {
      expect(() => convert(text, 'number')).toThrow('expected a number');
    },
  );

  it.each(['0.1', '0012.50', '1234567890123.45', '-1e21'])('that it can are taken: %s', (text) => {
    expect(convert(text, 'number')).toBe(Number(text));
  });
});
