import { basename } from 'node:path';
import type { NdjsonFile } from '../mapping/mapping.js';
import { LONGEST_RAW, LONGEST_RECORD } from './csv-parser.js';
import { openText } from './file-text.js';
import { parseJson } from './json-digits.js';
import type { BrokenRecord, SourceChunk, SourceQuery } from './source.js';

/** How many of the records' properties are named. */
const MAX_LISTED_NAMES = 30;

/** Read an NDJSON file in its order, one piece at a time. */
export async function* readNdjson(
  path: string,
  { encoding }: NdjsonFile,
  { columns, optional = [], signal }: SourceQuery,
): AsyncGenerator<SourceChunk> {
  const readers = columns.map(compilePath);
  const missing = new Set(columns.keys());
  const names = new Set<string>();
  const { pieces } = await openText(path, { encoding: encoding ?? null, signal });
  const file = basename(path);
  let line = 0;
  for await (const texts of readLines(pieces)) {
    const rows: unknown[][] = [];
    const lines: number[] = [];
    const broken: BrokenRecord[] = [];
    for (const text of texts) {
      line += 1;
      if (text.trim() === '') continue;
      const record = parseObject(text);
      if (typeof record === 'string') {
        broken.push({ line, reason: record, raw: text.slice(0, LONGEST_RAW) });
        continue;
      }
      const row = readers.map((read) => read(record));
      for (const index of missing) if (row[index] !== undefined) missing.delete(index);
      if (missing.size > 0) for (const name of Object.keys(record)) names.add(name);
      rows.push(row);
      lines.push(line);
    }
    yield { file, rows, lines, broken };
  }
  const lacking = columns.filter((column, at) => missing.has(at) && !optional.includes(column));
  if (lacking.length === 0 || line === 0) return;
  const known = [...names].slice(0, MAX_LISTED_NAMES).join(', ');
  throw new Error(`no record has ${lacking.join(', ')}; they have ${known || 'nothing'}`);
}

async function* readLines(pieces: AsyncIterable<string>): AsyncGenerator<string[]> {
  let rest = '';
  for await (const piece of pieces) {
    const text = rest + piece;
    // A CR at the end may be half of a line end.
    const whole = text.endsWith('\r') ? text.slice(0, -1) : text;
    const lines = whole.split(/\r\n|\n|\r/);
    // Of a line that is too long no more is kept than shows that it is.
    rest = (lines.pop() ?? '').slice(0, LONGEST_RECORD + 1) + text.slice(whole.length);
    yield lines;
  }
  if (rest !== '') yield rest.split('\r');
}

/** @returns the object, or what is wrong with the text */
function parseObject(text: string): object | string {
  if (text.length > LONGEST_RECORD) return `a record exceeds ${LONGEST_RECORD} characters`;
  let value: unknown;
  try {
    // A number that JavaScript would round stays text.
    value = parseJson(text, String);
  } catch {
    return 'not JSON';
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as object) : 'expected a JSON object';
}

function compilePath(column: string): (record: object) => unknown {
  const path = column.split('.');
  return (record) => {
    if (Object.hasOwn(record, column)) return Reflect.get(record, column);
    let value: unknown = record;
    for (const name of path) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name))
        return undefined;
      value = (value as Record<string, unknown>)[name];
    }
    return value;
  };
}
