import { basename } from 'node:path';
import type { CsvFile, MappingSource, NdjsonFile } from '../mapping/mapping.js';
import { isGiven } from '../mapping/marker-kind.js';
import { readCsv } from './csv-source.js';
import { readNdjson } from './ndjson-source.js';
import { openPostgresTable } from './postgres-source.js';
import {
  markerKindOf,
  type SourceChunk,
  SourceError,
  type SourceQuery,
  type SourceReading,
} from './source.js';
import { listFiles } from './source-files.js';
import { openSqliteTable } from './sqlite-source.js';

/**
 * Begin to read a source, one chunk at a time and never all of it in memory.
 *
 * @throws {SourceError} here or while its chunks are read, if it can't be read; also the signal's abort
 */
export async function openSource(
  source: MappingSource,
  query: SourceQuery,
): Promise<SourceReading> {
  switch (source.kind) {
    case 'csv':
      return fileReading(source, query, (path) => readCsv(path, source, query));
    case 'ndjson':
      return fileReading(source, query, (path) => readNdjson(path, source, query));
    case 'sqlite':
      return withNulls(await openSqliteTable(source, query), query);
    case 'postgres':
      return withNulls(await openPostgresTable(source, query), query);
  }
}

/** So many chunks at most are kept until one has a marker: tens of thousands of rows. */
const MAX_FIRST_CHUNKS = 200;

async function fileReading(
  source: CsvFile | NdjsonFile,
  query: SourceQuery,
  readOne: (path: string) => AsyncGenerator<SourceChunk>,
): Promise<SourceReading> {
  const read = readFiles(source, readOne);
  const chunks = withoutNulls(read, query);
  const close = async () => {
    await chunks.return(undefined);
    await read.return(undefined);
  };
  const first: SourceChunk[] = [];
  /** The first rows decide the kind of the markers. */
  const markers: unknown[] = [];
  const { markerIndex } = query;
  try {
    while (markerIndex !== null && first.length < MAX_FIRST_CHUNKS && !markers.some(isGiven)) {
      const { done, value } = await chunks.next();
      if (done) break;
      first.push(value);
      markers.push(...value.rows.map((row) => row[markerIndex]));
    }
    const marker = markerKindOf(query, markers);
    return {
      highest: undefined,
      marker,
      size: null,
      chunks: joined(first, chunks),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function* joined(
  first: readonly SourceChunk[],
  rest: AsyncIterable<SourceChunk>,
): AsyncGenerator<SourceChunk> {
  yield* first;
  yield* rest;
}

async function* readFiles(
  source: CsvFile | NdjsonFile,
  read: (path: string) => AsyncGenerator<SourceChunk>,
): AsyncGenerator<SourceChunk> {
  let name = basename(source.path);
  try {
    for (const path of await listFiles(source)) {
      name = basename(path);
      yield* read(path);
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isGone = code === 'ENOENT' && name !== basename(source.path);
    const reason = isGone ? 'was taken away before it was read' : message;
    const isTransient = isGone || (error instanceof SourceError && error.isTransient);
    throw new SourceError(`${name}: ${reason}`, isTransient, { cause: error });
  }
}

function withNulls(reading: SourceReading, query: SourceQuery): SourceReading {
  return { ...reading, chunks: withoutNulls(reading.chunks, query) };
}

/** Replace texts that stand for no value. */
async function* withoutNulls(
  chunks: AsyncIterable<SourceChunk>,
  { nulls = [] }: SourceQuery,
): AsyncGenerator<SourceChunk> {
  const known = new Set(nulls.map((text) => text.trim()));
  const toValue = (value: unknown) =>
    typeof value === 'string' && known.has(value.trim()) ? null : value;
  for await (const chunk of chunks) {
    yield known.size === 0 ? chunk : { ...chunk, rows: chunk.rows.map((row) => row.map(toValue)) };
  }
}
