import type { Clock } from '../../adobe/clock.js';
import type { Mapping } from '../mapping/mapping.js';
import type { Watermark } from '../source/watermark.js';
import type { BatchUpload } from '../upload/batch-upload.js';
import { openRecords } from './open-records.js';
import { createPace } from './pace.js';
import type { RejectFile } from './reject-file.js';
import { checkRejectLimit } from './reject-limit.js';

/** What sending needs. */
export interface SendParts {
  readonly watermark: Watermark | null;
  readonly upload: Pick<BatchUpload, 'append'>;
  readonly rejects: RejectFile;
  /** Called for each chunk, so that a failed run can report it. */
  readonly onRejected: (rejected: number) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Read a mapping's source, and send what is new in it at the mapping's pace. Records are handled one chunk at a time,
 * without a promise for each.
 *
 * @returns the watermark once the sent records are accepted, and a notice for people, empty if there is none
 * @throws {SourceError} the source can't be read
 * @throws {RejectLimitError} too many records are bad
 * @throws {PlatformError} a file could not be uploaded
 */
export async function sendRecords(mapping: Mapping, parts: SendParts) {
  const { upload, rejects, onRejected, clock, signal } = parts;
  const { recordsPerSecond, maxRejected } = mapping;
  const { watermark } = parts;
  await using reading = await openRecords(mapping, { watermark, now: clock.now(), signal });
  const pace = recordsPerSecond === null ? null : createPace(recordsPerSecond, clock, signal);
  const tally = { read: 0, rejected: 0, lastReason: '' };

  for await (const chunk of reading.chunks) {
    signal.throwIfAborted();
    const { lines, rejected } = reading.work(chunk);
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
  return { watermark: reading.watermark(), notice: reading.notice() };
}
