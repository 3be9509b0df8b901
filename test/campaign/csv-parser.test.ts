import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CsvItem } from '../../src/campaign/source/csv-parser.js';
import {
  askPython,
  differencesOf,
  type PythonAnswer,
  readCsvFile,
  readCsvText,
} from './support/csv-beside-python.js';

const valuesOf = (items: readonly CsvItem[]) =>
  items.flatMap((item) => ('values' in item ? [item.values] : []));
const brokenOf = (items: readonly CsvItem[]) =>
  items.flatMap((item) => ('values' in item ? [] : [[item.line, item.raw]]));

describe('a CSV parser', () => {
  it.each([
    ['a header that ends otherwise', 'id,mail\na,b\r\nc,d\r\n'],
    ['a last row that ends otherwise', 'id,mail\r\na,b\r\nc,d\n'],
    ['a last row without an end', 'id,mail\r\na,b\r\nc,d'],
    ['CR alone', 'id,mail\ra,b\rc,d\r'],
    ['CRCRLF', 'id,mail\r\r\na,b\r\r\nc,d\r\r\n'],
    ['empty lines', '\n\nid,mail\n\n\na,b\r\n\r\nc,d\n\n'],
    ['quotes around all', '"id","mail"\n"a","b"\r\n"c","d"\r\n'],
  ])('takes line ends as they come: %s', (_what, text) => {
    for (const pieceChars of [1, 2, 5, 1000]) {
      const items = readCsvText(text, ',', pieceChars);
      expect(valuesOf(items)).toEqual([
        ['id', 'mail'],
        ['a', 'b'],
        ['c', 'd'],
      ]);
      expect(brokenOf(items)).toEqual([]);
    }
  });

  it('treats a quote within a value as a character', () => {
    const items = readCsvText('id,name\n1,Dwayne "The Rock" Johnson\n2,"say ""hi"""\n3,5" pipe\n');
    expect(valuesOf(items).slice(1)).toEqual([
      ['1', 'Dwayne "The Rock" Johnson'],
      ['2', 'say "hi"'],
      ['3', '5" pipe'],
    ]);
  });

  it.each([1, 3, 64, 100_000])('loses one line to a stray quote, read by %d', (pieceChars) => {
    const row = (n: number) => `${n},Name ${n},u${n}@example.com`;
    const lines = ['id,name,mail', ...Array.from({ length: 500 }, (_, n) => row(n))];
    lines[101] = '100,"Name 100,u100@example.com';
    lines[400] = '399,"Name 399",u399@example.com';
    const items = readCsvText(`${lines.join('\n')}\n`, ',', pieceChars);
    expect(valuesOf(items)).toHaveLength(500);
    expect(brokenOf(items)).toEqual([[102, '100,"Name 100,u100@example.com']]);
    expect(items.at(-1)).toEqual({ line: 501, values: ['499', 'Name 499', 'u499@example.com'] });
  });

  it('loses one line to an unclosed quote', () => {
    const items = readCsvText('a,b\n1,"x\n2,y\n3,z\n');
    expect(valuesOf(items)).toEqual([
      ['a', 'b'],
      ['2', 'y'],
      ['3', 'z'],
    ]);
    expect(brokenOf(items)).toEqual([[2, '1,"x']]);
  });

  it.each([
    ['two stray quotes that make one value of many rows', 'a,b,c\n1,"x,1\n2,y,2\n3,z",3\n4,w,4\n'],
    ['two stray quotes that make a short record', 'a,b,c\n1,"x,1\n2,y,2\n3,z,3"\n4,w,4\n'],
  ])('counts each line: %s', (_what, text) => {
    const items = readCsvText(text);
    expect(valuesOf(items).slice(1)).toEqual([['4', 'w', '4']]);
    expect(brokenOf(items).map(([line]) => line)).toEqual([2, 3, 4]);
  });

  it('keeps intended line breaks in values', () => {
    const items = readCsvText('a,b,c\n1,"12, Main Street\nSpringfield, IL",x\n2,"\r\n",y\n');
    expect(valuesOf(items).slice(1)).toEqual([
      ['1', '12, Main Street\nSpringfield, IL', 'x'],
      ['2', '\r\n', 'y'],
    ]);
  });

  it('counts a line without a line end, and a value without a closing quote', () => {
    const long = 'x'.repeat(1_500_000);
    const items = readCsvText(`a,b\n1,${long}\n2,y\n`, ',', 65_536);
    expect(valuesOf(items)).toEqual([
      ['a', 'b'],
      ['2', 'y'],
    ]);
    expect(brokenOf(items)).toEqual([[2, expect.stringMatching(/^1,x{9998}…$/)]]);
    const open = readCsvText(`a,b\n1,"${'x\n'.repeat(700_000)}2,y\n`, ',', 65_536);
    expect(open.at(-1)).toEqual({ line: 700_002, values: ['2', 'y'] });
    expect(brokenOf(open)).toHaveLength(700_000);
  });
});

interface Question {
  readonly text: string;
  readonly delimiter: string;
}

/** What spreadsheets, editors, scripts and `cat` make, and what happens to it. */
const values = fc.oneof(
  { weight: 4, arbitrary: fc.stringMatching(/^[a-z0-9 .@-]{0,8}$/) },
  { weight: 1, arbitrary: fc.constantFrom('', ' ', '"', '""', 'a"b', '"a"', 'é', '𝒳', '0', '\t') },
  { weight: 1, arbitrary: fc.constantFrom('a,b', 'a;b', 'a\nb', 'a\r\nb', '\n', 'x\n1,2,3\ny') },
);
const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`;
const cells = fc.oneof(
  { weight: 6, arbitrary: values.map((v) => (/[",;\r\n\t]/.test(v) ? quoted(v) : v)) },
  { weight: 3, arbitrary: values.map(quoted) },
  { weight: 1, arbitrary: values },
  { weight: 1, arbitrary: values.map((value) => `"${value}`) },
  { weight: 1, arbitrary: values.map((value) => ` ${quoted(value)}`) },
  { weight: 1, arbitrary: values.map((value) => `${quoted(value)} `) },
);
const ends = fc.oneof(
  { weight: 8, arbitrary: fc.constant('\n') },
  { weight: 8, arbitrary: fc.constant('\r\n') },
  { weight: 1, arbitrary: fc.constantFrom('\r', '\r\r\n', '\n\n', '\r\n\r\n', '\n\r') },
);
const questions = fc
  .record({
    delimiter: fc.constantFrom(',', ';', '\t', '|'),
    width: fc.integer({ min: 1, max: 4 }),
    isRagged: fc.boolean(),
  })
  .chain(({ delimiter, width, isRagged }) =>
    fc
      .array(
        fc.tuple(
          fc.array(cells, { minLength: isRagged ? 1 : width, maxLength: width + Number(isRagged) }),
          ends,
        ),
        { minLength: 1, maxLength: 8 },
      )
      .map((rows) => rows.map(([row, end]) => row.join(delimiter) + end).join(''))
      .chain((text) =>
        fc.constantFrom(text, text.replace(/[\r\n]+$/, ''), text.replaceAll('\r\n', '\n')),
      )
      .map((text): Question => ({ text, delimiter })),
  );

const MARK = '\uFEFF';

/** What a program writes for a text. */
const encodings: Readonly<Record<string, (text: string) => Buffer>> = {
  'utf-8': (text) => Buffer.from(text),
  'utf-8 with a mark': (text) => Buffer.from(MARK + text),
  'utf-8 with two marks': (text) => Buffer.from(MARK + MARK + text),
  'utf-16le': (text) => Buffer.from(MARK + text, 'utf16le'),
  'utf-16be': (text) => Buffer.from(MARK + text, 'utf16le').swap16(),
  'windows-1252': (text) => Buffer.from(text.replaceAll('𝒳', 'x'), 'latin1'),
  'utf-8 in a gzip file': (text) => gzipSync(text),
};

const SEED = 20_190_515;

describe('a CSV parser compared with Python’s', () => {
  function expectAlike({ text, delimiter }: Question, answer: PythonAnswer, pieceChars: number) {
    const items = readCsvText(text, delimiter, pieceChars);
    // A file with a broken header is refused.
    const isRefused = items[0] !== undefined && 'reason' in items[0];
    const differences = isRefused ? [] : differencesOf(items, text, answer);
    expect({ text, delimiter, differences }).toEqual({ text, delimiter, differences: [] });
  }

  it('reads what was recorded like Python', () => {
    const recorded = readFileSync('test/campaign/support/csv-as-python-reads-it.json', 'utf8');
    const known: { question: Question; answer: PythonAnswer }[] = JSON.parse(recorded);
    for (const { question, answer } of known) {
      for (const pieceChars of [1, 3, 1000]) expectAlike(question, answer, pieceChars);
    }
    expect(known.length).toBeGreaterThan(100);
  });

  it('reads 2,000 generated files like Python, if it is installed', () => {
    const asked = fc.sample(questions, { numRuns: 2_000, seed: SEED });
    const answers = askPython(asked) ?? [];
    for (const [index, answer] of answers.entries()) {
      const question = asked[index];
      if (question !== undefined) expectAlike(question, answer, 1 + (index % 9));
    }
  });

  it('reads 1,000 files in other encodings like Python, if it is installed', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'csv-'));
    try {
      const writers = Object.entries(encodings);
      const asked = await Promise.all(
        fc.sample(questions, { numRuns: 1_000, seed: SEED + 1 }).map(async (question, index) => {
          const [name = '', encode] = writers[index % writers.length] ?? [];
          const [encoding = ''] = name.split(' ');
          const path = join(dir, `${index}.csv`);
          await writeFile(path, encode?.(question.text) ?? '');
          return { ...question, name, encoding, path };
        }),
      );
      const answers = askPython(
        asked.map(({ path, encoding, delimiter }) => ({ path, encoding, delimiter })),
      );
      const refused: string[] = [];
      for (const [index, answer] of (answers ?? []).entries()) {
        const { path, name, encoding, delimiter, text } = asked[index] as (typeof asked)[number];
        const declared = encoding === 'windows-1252' ? encoding : null;
        const items = await readCsvFile(path, delimiter, declared).catch(
          ({ message }: Error) => message,
        );
        if (typeof items === 'string') refused.push(items);
        else {
          const differences = differencesOf(items, text, answer);
          expect({ name, text, delimiter, differences }).toEqual({
            name,
            text,
            delimiter,
            differences: [],
          });
        }
      }
      const reasons = /^(is empty|has a broken header)/;
      expect(refused.filter((reason) => !reasons.test(reason))).toEqual([]);
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});
