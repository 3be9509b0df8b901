import type { Mapping } from '../mapping/mapping.js';
import { openRecords } from '../run/open-records.js';
import type { Reject } from '../run/reject-file.js';

/** What a first run would send from a source. */
export interface MappingPreview {
  /** Lines of NDJSON: the first records as they would be sent. */
  readonly records: readonly string[];
  /** The first records that would not be sent. */
  readonly rejects: readonly Reject[];
  readonly numRecords: number;
  readonly numRejected: number;
  /** What is to be said of the source, for people; empty where there is nothing. */
  readonly notice: string;
}

/** How much of a source is read and shown. */
export interface PreviewLimits {
  /** How many rows are read. */
  readonly maxRows: number;
  /** How many records and rejects are kept. */
  readonly maxShown: number;
}

/**
 * Read a mapping's source from its beginning, and send nothing.
 *
 * @throws {SourceError} it can't be read
 */
export async function previewMapping(
  mapping: Mapping,
  { maxRows, maxShown }: PreviewLimits,
  signal: AbortSignal,
): Promise<MappingPreview> {
  const from = { watermark: null, now: Date.now(), signal };
  await using reading = await openRecords(mapping, from);
  const records: string[] = [];
  const rejects: Reject[] = [];
  let numRecords = 0;
  let numRejected = 0;
  for await (const chunk of reading.chunks) {
    const left = maxRows - numRecords - numRejected;
    const { lines, rejected } = reading.work({
      file: chunk.file,
      rows: chunk.rows.slice(0, left),
      lines: chunk.lines?.slice(0, left) ?? null,
      broken: chunk.broken.slice(0, left),
    });
    numRecords += lines.length;
    numRejected += rejected.length;
    records.push(...lines.slice(0, maxShown - records.length));
    rejects.push(...rejected.slice(0, maxShown - rejects.length));
    if (numRecords + numRejected >= maxRows) break;
  }
  return { records, rejects, numRecords, numRejected, notice: reading.notice() };
}
