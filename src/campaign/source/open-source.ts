import { basename } from 'node:path';
import type { CsvFile, MappingSource, NdjsonFile } from '../mapping.js';
import { readCsv } from './csv-source.js';
import { compareFileMarkers, toFileMarker } from './file-marker.js';
import { readNdjson } from './ndjson-source.js';
import { openPostgresTable } from './postgres-source.js';
import { type SourceChunk, SourceError, type SourceQuery, type SourceReading } from './source.js';
import { listFiles } from './source-files.js';
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
      return fileReading(source, query, (path) => readCsv(path, source, query));
    case 'ndjson':
      return fileReading(source, query, (path) => readNdjson(path, source, query));
    case 'sqlite':
      return withNulls(await openSqliteTable(source, query), query);
    case 'postgres':
      return withNulls(await openPostgresTable(source, query), query);
  }
}

function fileReading(
  source: CsvFile | NdjsonFile,
  query: SourceQuery,
  read: (path: string) => AsyncGenerator<SourceChunk>,
): SourceReading {
  const chunks = readFiles(source, read);
  return withNulls(
    {
      order: { kind: 'compared', compare: compareFileMarkers },
      toMarker: toFileMarker,
      chunks,
      async [Symbol.asyncDispose]() {
        await chunks.return(undefined);
      },
    },
    query,
  );
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
    const reason = error instanceof Error ? error.message : String(error);
    const isTransient = error instanceof SourceError && error.isTransient;
    throw new SourceError(`${name}: ${reason}`, isTransient, { cause: error });
  }
}

/** Have texts that stand for no value be none. */
function withNulls(reading: SourceReading, { nulls = [] }: SourceQuery): SourceReading {
  if (nulls.length === 0) return reading;
  const known = new Set(nulls.map((text) => text.trim()));
  const toValue = (value: unknown) =>
    typeof value === 'string' && known.has(value.trim()) ? null : value;
  async function* withoutThem(): AsyncGenerator<SourceChunk> {
    for await (const chunk of reading.chunks) {
      yield { ...chunk, rows: chunk.rows.map((row) => row.map(toValue)) };
    }
  }
  return { ...reading, chunks: withoutThem() };
}
