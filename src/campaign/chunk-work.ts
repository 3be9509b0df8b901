import { BadRecordError } from './field-reader.js';
import type { Mapping } from './mapping.js';
import { compileMapper } from './record-mapper.js';
import type { Reject } from './reject-file.js';
import type { SourceChunk } from './source/source.js';
import type { Marker, WatermarkTracker } from './source/watermark.js';

/** What a chunk comes to: lines of NDJSON to be sent, and what is not sent. */
export interface WorkedChunk {
  readonly lines: readonly string[];
  readonly rejected: readonly Reject[];
}

/** What the work needs to know of the reading. */
export interface ChunkWorkParts {
  /** What a row's values are; the key comes first. */
  readonly columns: readonly string[];
  readonly markerIndex: number | null;
  readonly toMarker: (value: unknown) => Marker | null;
  readonly tracker: WatermarkTracker;
}

/** Build what turns a chunk's rows into lines: of the new ones, each is mapped or rejected. */
export function createChunkWork(
  { key, changed, fields }: Mapping,
  { columns, markerIndex, toMarker, tracker }: ChunkWorkParts,
): (chunk: SourceChunk) => WorkedChunk {
  const map = compileMapper(fields, columns);

  function isNew(row: readonly unknown[]): boolean {
    const [value] = row;
    if (value === undefined || value === null || value === '') {
      throw new BadRecordError(`column ${JSON.stringify(key)}: the key has no value`);
    }
    if (markerIndex === null) return true;
    const marker = toMarker(row[markerIndex]);
    if (marker !== null) return tracker.isNew(marker, row);
    throw new BadRecordError(`column ${JSON.stringify(changed)}: the change marker has no value`);
  }

  function reject(row: readonly unknown[], line: number | null, reason: string): Reject {
    const record = Object.fromEntries(columns.map((column, at) => [column, row[at] ?? null]));
    return { key: row[0] ?? null, line, reason, record };
  }

  return ({ rows, lines: places, broken }) => {
    const lines: string[] = [];
    const rejected = broken.map(({ line, reason, raw }): Reject => {
      return { key: null, line, reason, record: raw };
    });
    for (let index = 0; index < rows.length; index += 1) {
      const row = rows[index] ?? [];
      try {
        if (isNew(row)) lines.push(map(row));
      } catch (error) {
        if (!(error instanceof BadRecordError)) throw error;
        rejected.push(reject(row, places?.[index] ?? null, error.message));
      }
    }
    return { lines, rejected };
  };
}
