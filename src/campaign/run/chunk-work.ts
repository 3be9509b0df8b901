import type { Mapping } from '../mapping/mapping.js';
import type { MarkerKind } from '../mapping/marker-kind.js';
import type { SourceChunk } from '../source/source.js';
import type { WatermarkTracker } from '../source/watermark.js';
import { BadRecordError } from './field-reader.js';
import { compileMapper } from './record-mapper.js';
import type { Reject } from './reject-file.js';

/** The result of a chunk: lines of NDJSON to send, and rejects. */
export interface WorkedChunk {
  readonly lines: readonly string[];
  readonly rejected: readonly Reject[];
}

/** What the work needs to know about the reading. */
export interface ChunkWorkParts {
  /** The columns of a row's values; the key comes first. */
  readonly columns: readonly string[];
  readonly markerIndex: number | null;
  readonly marker: MarkerKind;
  readonly tracker: WatermarkTracker;
}

/** Create the function that converts a chunk's rows to lines: each new row is mapped or rejected. */
export function createChunkWork(
  { key, changed, fields }: Mapping,
  { columns, markerIndex, marker: kind, tracker }: ChunkWorkParts,
): (chunk: SourceChunk) => WorkedChunk {
  const map = compileMapper(fields, columns);

  function isNew(row: readonly unknown[]): boolean {
    const [name] = row;
    if (name === undefined || name === null || name === '') {
      throw new BadRecordError(`column ${JSON.stringify(key)}: the key has no value`);
    }
    if (markerIndex === null) return true;
    const value = row[markerIndex];
    const marker = kind.read(value);
    if (marker !== null) return tracker.isNew(marker, row);
    const where = `column ${JSON.stringify(changed)}: the change marker`;
    if (value === undefined || value === null || value === '') {
      throw new BadRecordError(`${where} has no value`);
    }
    throw new BadRecordError(
      `${where} is not ${kind.expected}: ${String(JSON.stringify(value)).slice(0, 60)}`,
    );
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
