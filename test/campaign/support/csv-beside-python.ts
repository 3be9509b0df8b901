import { spawnSync } from 'node:child_process';
import { isDeepStrictEqual } from 'node:util';
import { openCsv } from '../../../src/campaign/source/csv-file.js';
import { type CsvItem, createCsvParser } from '../../../src/campaign/source/csv-parser.js';

/** What Python's csv makes of a file. */
export interface PythonAnswer {
  /** The lines that each row begins on, at the earliest, and ends on; and its values. */
  readonly rows: readonly (readonly [number, number, readonly string[]])[];
  readonly isWellQuoted: boolean;
}

/** A text, or a file with its encoding. */
export type CsvQuestion = { readonly delimiter: string } & (
  | { readonly text: string }
  | { readonly path: string; readonly encoding: string }
);

/** Ask the Python of this machine; null where there is none. */
export function askPython(questions: readonly CsvQuestion[]): PythonAnswer[] | null {
  const { status, stdout, stderr } = spawnSync('python3', ['test/campaign/support/read-csv.py'], {
    input: JSON.stringify(questions),
    encoding: 'utf8',
    maxBuffer: 1e9,
  });
  if (status !== 0 && stderr) throw new Error(stderr);
  return status === 0 ? JSON.parse(stdout) : null;
}

/** Read a text with the parser, in pieces of a size. */
export function readCsvText(text: string, delimiter = ',', pieceChars = 7): CsvItem[] {
  const parser = createCsvParser({ delimiter, quote: '"' });
  const items: CsvItem[] = [];
  for (let at = 0; at < text.length; at += pieceChars) {
    for (const item of parser.push(text.slice(at, at + pieceChars))) items.push(item);
  }
  return [...items, ...parser.end()];
}

/** Read a file with a header. @throws what the reader says against it */
export async function readCsvFile(
  path: string,
  delimiter: string,
  encoding: string | null,
): Promise<CsvItem[]> {
  const { items } = await openCsv(
    path,
    { delimiter, quote: '"', hasHeader: true },
    { columns: [], optional: [] },
    { encoding, signal: new AbortController().signal },
  );
  const all: CsvItem[] = [];
  for await (const piece of items) all.push(...piece);
  return all;
}

/**
 * Where the parser reads what Python does not read, or loses without a word what Python reads. After a quote that is
 * none Python is as lost as any reader: from there on, only that no line is missing is looked at.
 */
export function differencesOf(
  items: readonly CsvItem[],
  text: string,
  { rows, isWellQuoted }: PythonAnswer,
): string[] {
  const differences: string[] = [];
  const stood = new Set(items.flatMap(linesOf));
  for (const [at, line] of text.split(/\r\n|\r|\n/).entries()) {
    if (line !== '' && !stood.has(at + 1)) differences.push(`line ${at + 1} is missing`);
  }
  const accepted = new Map(
    items.flatMap((item) => ('values' in item ? [[item.line, item.values]] : [])),
  );
  const broken = items.flatMap((item) => ('values' in item ? [] : [item.line]));
  if (new Set(broken).size !== broken.length) differences.push('a line counts twice');
  const end = isWellQuoted ? Number.POSITIVE_INFINITY : Math.min(...broken);
  for (const [first, last, row] of rows) {
    if (last >= end || broken.some((line) => line >= first && line <= last)) continue;
    // Empty lines before a record belong to none.
    const begin = [...Array(last - first + 1).keys()]
      .map((at) => first + at)
      .find((line) => accepted.has(line));
    const values = begin === undefined ? undefined : accepted.get(begin);
    if (!isDeepStrictEqual(values, row)) {
      differences.push(`line ${first}: ${JSON.stringify(values)}, not ${JSON.stringify(row)}`);
    }
    if (begin !== undefined) accepted.delete(begin);
  }
  for (const line of accepted.keys()) {
    if (line < end) differences.push(`line ${line}: a record that Python does not have`);
  }
  return differences;
}

/** The lines that an item stands on. */
function linesOf(item: CsvItem): number[] {
  const breaks = 'values' in item ? item.values.join('').match(/\r\n|\r|\n/g) : null;
  return Array.from({ length: 1 + (breaks?.length ?? 0) }, (_, index) => item.line + index);
}
