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
  /** The rows of which there was nothing to send: they are not new. */
  readonly passed: readonly (readonly unknown[])[];
  /** How many an earlier run has rejected: they are as they were. */
  readonly numRejectedBefore: number;
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

  /** @throws {UnplacedRecordError} */
  function isNew(row: readonly unknown[]): boolean {
    const [name] = row;
    if (name === undefined || name === null || name === '') {
      throw new UnplacedRecordError(`column ${JSON.stringify(key)}: the key has no value`);
    }
    if (markerIndex === null) return true;
    const value = row[markerIndex];
    const marker = kind.read(value);
    if (marker !== null) return tracker.isNew(marker, row);
    const where = `column ${JSON.stringify(changed)}: the change marker`;
    if (value === undefined || value === null || value === '') {
      throw new UnplacedRecordError(`${where} has no value`);
    }
    throw new UnplacedRecordError(
      `${where} is not ${kind.expected}: ${String(JSON.stringify(value)).slice(0, 60)}`,
    );
  }

  function reject(row: readonly unknown[], line: number | null, reason: string): Reject {
    const record = Object.fromEntries(columns.map((column, at) => [column, row[at] ?? null]));
    return { key: row[0] ?? null, line, reason, record };
  }

  /** Without a change marker nobody can tell what has changed. */
  const isNewReject = (content: readonly unknown[]) =>
    markerIndex === null || tracker.isNewReject(content);

  return ({ rows, lines: places, broken }) => {
    const lines: string[] = [];
    const rejected: Reject[] = [];
    const passed: (readonly unknown[])[] = [];
    let numRejectedBefore = 0;
    for (const { line, reason, raw } of broken) {
      if (isNewReject([raw])) rejected.push({ key: null, line, reason, record: raw });
      else numRejectedBefore += 1;
    }
    for (let index = 0; index < rows.length; index += 1) {
      const row = rows[index] ?? [];
      try {
        if (isNew(row)) lines.push(map(row));
        else passed.push(row);
      } catch (cause) {
        // JSON that is nested thousands deep: V8 reads it, and cannot write it.
        const error = cause instanceof RangeError ? new BadRecordError('nested too deep') : cause;
        if (!(error instanceof BadRecordError)) throw error;
        if (error instanceof UnplacedRecordError && !isNewReject(row)) numRejectedBefore += 1;
        else rejected.push(reject(row, places?.[index] ?? null, error.message));
      }
    }
    return { lines, rejected, passed, numRejectedBefore };
  };
}

/** A record of which its marker does not tell whether it is new. */
class UnplacedRecordError extends BadRecordError {}
