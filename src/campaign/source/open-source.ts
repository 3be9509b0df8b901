import { basename } from 'node:path';
import type { MappingSource } from '../mapping.js';
import { readCsv } from './csv-source.js';
import { compareFileMarkers, toFileMarker } from './file-marker.js';
import { readNdjson } from './ndjson-source.js';
import { openPostgresTable } from './postgres-source.js';
import { type SourceChunk, SourceError, type SourceQuery, type SourceReading } from './source.js';
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
      return fileReading(source.path, readCsv(source.path, query));
    case 'ndjson':
      return fileReading(source.path, readNdjson(source.path, query));
    case 'sqlite':
      return openSqliteTable(source, query);
    case 'postgres':
      return openPostgresTable(source, query);
  }
}

function fileReading(path: string, chunks: AsyncGenerator<SourceChunk>): SourceReading {
  return {
    order: { kind: 'compared', compare: compareFileMarkers },
    toMarker: toFileMarker,
    chunks: orSourceError(path, chunks),
    async [Symbol.asyncDispose]() {
      await chunks.return(undefined);
    },
  };
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
