import { basename } from 'node:path';
import type { MappingSource } from '../mapping.js';
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
import { openSqliteTable } from './sqlite-source.js';

/**
 * Begin to read a source, a chunk at a time and never all of it in memory.
 *
 * @throws {SourceError} here or while its chunks are read, where it cannot be read; the signal's abort as well
 */
export async function openSource(
  source: MappingSource,
  query: SourceQuery,
): Promise<SourceReading> {
  switch (source.kind) {
    case 'csv':
      return fileReading(source.path, query, readCsv(source.path, query));
    case 'ndjson':
      return fileReading(source.path, query, readNdjson(source.path, query));
    case 'sqlite':
      return openSqliteTable(source, query);
    case 'postgres':
      return openPostgresTable(source, query);
  }
}

async function fileReading(
  path: string,
  query: SourceQuery,
  read: AsyncGenerator<SourceChunk>,
): Promise<SourceReading> {
  const chunks = orSourceError(path, read);
  const close = async () => {
    await chunks.return(undefined);
    await read.return(undefined);
  };
  const first: SourceChunk[] = [];
  try {
    // The first rows tell what the markers are.
    while (query.markerIndex !== null && !first.some(({ rows }) => rows.length > 0)) {
      const { done, value } = await chunks.next();
      if (done) break;
      first.push(value);
    }
    const { markerIndex } = query;
    const rows = markerIndex === null ? [] : first.flatMap((chunk) => chunk.rows);
    const marker = markerKindOf(
      query,
      rows.map((row) => row[markerIndex ?? 0]),
    );
    return {
      highest: undefined,
      marker,
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

async function* orSourceError(
  path: string,
  chunks: AsyncGenerator<SourceChunk>,
): AsyncGenerator<SourceChunk> {
  try {
    yield* chunks;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SourceError(`${basename(path)}: ${reason}`, false, { cause: error });
  }
}
