import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parse } from 'csv-parse';
import type { MappingSource } from './mapping.js';
import { SourceError, type SourceRecord } from './source-record.js';

/** A record longer than this is a broken file (an unclosed quote, no line ends), not a record. */
const LONGEST_RECORD = 1_000_000;

/**
 * Read a source's records one by one, in the file's order, never more than a buffer of it in memory.
 *
 * @param columns - those the mapping reads; a CSV file that lacks one is broken
 * @throws {SourceError} the file cannot be read, or is not what its format says
 */
export async function* readRecords(
  source: MappingSource,
  columns: readonly string[],
): AsyncGenerator<SourceRecord> {
  try {
    yield* source.format === 'csv' ? readCsv(source.path, columns) : readNdjson(source.path);
  } catch (error) {
    if (error instanceof SourceError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new SourceError(`${source.path}: ${reason}`, { cause: error });
  }
}

async function* readCsv(path: string, columns: readonly string[]): AsyncGenerator<SourceRecord> {
  const file = basename(path);
  let hasHeader = false;
  const parser = parse({
    bom: true,
    columns(header: string[]) {
      hasHeader = true;
      checkHeader(file, header, columns);
      return header;
    },
    info: true,
    max_record_size: LONGEST_RECORD,
    skip_empty_lines: true,
    skip_records_with_error: true,
  });
  // A parser that fails throws away the good records it has not yet handed over. So it is told to go on,
  // and the error takes its place among the records.
  parser.on('skip', (error: unknown) => parser.push(error));
  // A failure of the file destroys the parser, whose reader below then throws it.
  const piped = pipeline(Readable.from(readText(path)), parser).catch(() => {});
  try {
    for await (const item of parser) {
      if (item instanceof Error) throw item;
      const { info, record }: { info: { lines: number }; record: Record<string, string> } = item;
      yield {
        place: `${file} line ${info.lines}`,
        read: (column) => (Object.hasOwn(record, column) ? record[column] : undefined),
      };
    }
  } finally {
    parser.destroy();
    await piped;
  }
  if (!hasHeader) throw new SourceError(`${file} is empty: a CSV file begins with its header`);
}

function checkHeader(file: string, header: readonly string[], columns: readonly string[]): void {
  const missing = columns.filter((column) => !header.includes(column));
  if (missing.length > 0) {
    throw new SourceError(
      `${file} has no column ${missing.join(', ')}; it has ${header.join(', ')}`,
    );
  }
  const twice = header.find((column, index) => header.indexOf(column) !== index);
  if (twice !== undefined) throw new SourceError(`${file} has two columns ${twice}`);
}

async function* readNdjson(path: string): AsyncGenerator<SourceRecord> {
  const file = basename(path);
  let line = 0;
  for await (const text of readLines(path)) {
    line += 1;
    if (text.trim() === '') continue;
    const place = `${file} line ${line}`;
    const record = parseObject(place, text);
    yield { place, read: (column) => readPath(record, column) };
  }
}

async function* readLines(path: string): AsyncGenerator<string> {
  let rest = '';
  for await (const text of readText(path)) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_RECORD)
      throw new Error(`a line exceeds ${LONGEST_RECORD} characters`);
    yield* lines;
  }
  yield rest;
}

/** Refuses what is not UTF-8 instead of putting replacement characters into people's names. */
async function* readText(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const stream = createReadStream(path);
  for await (const chunk of stream) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

function parseObject(place: string, text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SourceError(`${place}: not JSON`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SourceError(`${place}: expected a JSON object`);
  }
  return value;
}

function readPath(record: object, path: string): unknown {
  let value: unknown = record;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name))
      return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
