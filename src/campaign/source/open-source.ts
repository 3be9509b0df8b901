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
import { type ListedFiles, listFiles } from './source-files.js';
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
  const { complete, incomplete } = await listed(source);
  const read = readFiles(source, complete, readOne);
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
      incomplete,
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

async function listed(source: CsvFile | NdjsonFile): Promise<ListedFiles> {
  try {
    return await listFiles(source);
  } catch (error) {
    throw toSourceError(error, source.path);
  }
}

async function* readFiles(
  source: CsvFile | NdjsonFile,
  paths: readonly string[],
  read: (path: string) => AsyncGenerator<SourceChunk>,
): AsyncGenerator<SourceChunk> {
  for (const path of paths) {
    try {
      yield* read(path);
    } catch (error) {
      const isGone = (error as NodeJS.ErrnoException).code === 'ENOENT' && path !== source.path;
      if (!isGone) throw toSourceError(error, path);
      const reason = `${basename(path)}: was taken away before it was read`;
      throw new SourceError(reason, true, { cause: error });
    }
  }
}

function toSourceError(error: unknown, path: string): SourceError {
  const isTransient = error instanceof SourceError && error.isTransient;
  const { message } = error as Error;
  return new SourceError(`${basename(path)}: ${message}`, isTransient, { cause: error });
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
