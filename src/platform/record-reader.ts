import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { streamArray } from 'stream-json/streamers/stream-array.js';

/** A longer row is no record but a broken file. In bytes. */
const LONGEST_RECORD_BYTES = 16 * 1024 * 1024;
/** How many elements of an array are passed on together. */
const ELEMENTS_AT_ONCE = 100;
const READ_SIZE_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/** A row of a file. */
export type Row =
  | { readonly kind: 'record'; readonly record: Record<string, unknown> }
  /** It is not a JSON object. */
  | { readonly kind: 'corrupt'; readonly text: string };

/** The rest of a file can't be read. */
export class UnreadableFileError extends Error {
  override readonly name = 'UnreadableFileError';
}

/**
 * Read a file's rows, some at a time, so that the caller is not called for each one.
 *
 * @param isMultiLineJson - the file is one JSON array; otherwise it has one JSON object per line
 * @throws {UnreadableFileError}
 */
export function readRows(location: string, isMultiLineJson: boolean): AsyncGenerator<Row[]> {
  return isMultiLineJson ? readArray(location) : readLines(location);
}

async function* readLines(location: string): AsyncGenerator<Row[]> {
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(location, { highWaterMark: READ_SIZE_BYTES })) {
    const bytes = Buffer.concat([rest, chunk]);
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    yield toRows(bytes.subarray(0, end));
    rest = bytes.subarray(end);
    if (rest.length > LONGEST_RECORD_BYTES) {
      throw new UnreadableFileError(`a row exceeds ${LONGEST_RECORD_BYTES} bytes`);
    }
  }
  yield toRows(rest);
}

function toRows(bytes: Buffer): Row[] {
  const rows: Row[] = [];
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline === -1 ? bytes.length : newline;
    const row = toRow(bytes.subarray(start, end));
    if (row !== null) rows.push(row);
    start = end + 1;
  }
  return rows;
}

/** Null if the line is empty. */
function toRow(line: Buffer): Row | null {
  const text = line.toString();
  if (text.trim() === '') return null;
  if (!isUtf8(line)) return { kind: 'corrupt', text };
  try {
    return toRecord(JSON.parse(text), () => text);
  } catch {
    return { kind: 'corrupt', text };
  }
}

async function* readArray(location: string): AsyncGenerator<Row[]> {
  const file = createReadStream(location, { highWaterMark: READ_SIZE_BYTES });
  let rows: Row[] = [];
  try {
    // Whole values only: as tokens of single characters they would take six times as long.
    for await (const { value } of file.compose(
      streamArray.withParserAsStream({ streamValues: false }),
    )) {
      rows.push(toRecord(value, () => JSON.stringify(value)));
      if (rows.length < ELEMENTS_AT_ONCE) continue;
      yield rows;
      rows = [];
    }
  } catch (error) {
    throw new UnreadableFileError('the file is not a JSON array', { cause: error });
  }
  yield rows;
}

function toRecord(value: unknown, toText: () => string): Row {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject
    ? { kind: 'record', record: value as Record<string, unknown> }
    : { kind: 'corrupt', text: toText() };
}
