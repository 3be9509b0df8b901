import type { Clock } from '../adobe/clock.js';
import { createChunkWork } from './chunk-work.js';
import type { Mapping } from './mapping.js';
import { createPace } from './pace.js';
import type { RejectFile } from './reject-file.js';
import { checkRejectLimit } from './reject-limit.js';
import { openSource } from './source/open-source.js';
import { columnsOf } from './source/source.js';
import {
  createWatermarkTracker,
  subjectOf,
  type Watermark,
  watermarkOf,
} from './source/watermark.js';
import type { BatchUpload } from './upload/batch-upload.js';

/** Most transactions are over by then. */
const LAG_MS = 10 * 60_000;

/** What a reading works with. */
export interface SendParts {
  readonly watermark: Watermark | null;
  readonly upload: Pick<BatchUpload, 'append'>;
  readonly rejects: RejectFile;
  /** Called with each chunk, so that a run which fails can tell. */
  readonly onRejected: (rejected: number) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Read a mapping's source, and send what is new in it at the mapping's pace. The records are worked off a
 * chunk at a time, with no promise for each.
 *
 * @returns where the mapping stands once what was sent is accepted
 * @throws {SourceError} the source cannot be read
 * @throws {RejectLimitError} too much of it is bad
 * @throws {PlatformError} a file could not be uploaded
 */
export async function sendRecords(mapping: Mapping, parts: SendParts): Promise<Watermark | null> {
  const { upload, rejects, onRejected, clock, signal } = parts;
  const { changed, recordsPerSecond, maxRejected } = mapping;
  const columns = columnsOf(mapping);
  const markerIndex = changed === null ? null : columns.indexOf(changed);
  const watermark = watermarkOf(parts.watermark, mapping);
  const { changedAs, lagMs = LAG_MS } = mapping;
  const query = { columns, markerIndex, changedAs, lagMs, now: clock.now(), watermark, signal };
  await using reading = await openSource(mapping.source, query);
  const tracker = createWatermarkTracker({
    column: subjectOf(mapping),
    last: watermark,
    kind: reading.marker,
    highest: reading.highest,
    lagMs,
  });
  const work = createChunkWork(mapping, {
    columns,
    markerIndex,
    marker: reading.marker,
    tracker,
  });
  const pace = recordsPerSecond === null ? null : createPace(recordsPerSecond, clock, signal);
  const tally = { read: 0, rejected: 0, lastReason: '' };

  for await (const chunk of reading.chunks) {
    signal.throwIfAborted();
    const { lines, rejected } = work(chunk);
    tally.read += chunk.rows.length + chunk.broken.length;
    tally.rejected += rejected.length;
    tally.lastReason = rejected.at(-1)?.reason ?? tally.lastReason;
    onRejected(tally.rejected);
    await rejects.append(rejected);
    checkRejectLimit(maxRejected, tally, false);
    if (lines.length === 0) continue;
    await upload.append(lines);
    await pace?.release(lines.length);
  }
  signal.throwIfAborted();
  checkRejectLimit(maxRejected, tally, true);
  return markerIndex === null ? null : tracker.current();
}
