import { stat } from 'node:fs/promises';
import type { Clock } from '../../adobe/clock.js';
import type { MappingSource } from '../mapping/mapping.js';
import { listFiles } from '../source/source-files.js';
import type { Watermark } from '../source/watermark.js';
import type { IngestionRunner } from './ingestion-run.js';

/** A file that was written this recently may be written again without a new modification time. */
const SETTLED_AFTER_MS = 2_000;

/** What a mapping's last run read, and its result. */
interface LastReading {
  readonly stamp: string;
  readonly watermark: Watermark;
}

/**
 * Keep runs from reading files again that have not changed since the mapping's last run, if that accepted all of
 * them. This is remembered in memory: after a start, each file is read once.
 */
export function skipUnchangedFiles(
  runner: IngestionRunner,
  clock: Pick<Clock, 'now'>,
): IngestionRunner {
  const lastReadings = new Map<string, LastReading>();
  return {
    ...runner,
    async run(mapping, watermark, ports) {
      const stamp = mapping.changed === null ? null : await stampOf(mapping.source, clock.now());
      const last = lastReadings.get(mapping.id);
      const isUnchanged = last !== undefined && last.stamp === stamp;
      if (isUnchanged && watermark !== null && isSame(last.watermark, watermark)) {
        await ports.onSourceRead(watermark);
        return { kind: 'succeeded', batchId: null, numRecords: 0, numRejected: 0, reason: '' };
      }
      let reached: Watermark | null = null;
      const outcome = await runner.run(mapping, watermark, {
        ...ports,
        onSourceRead(found) {
          reached = found;
          return ports.onSourceRead(found);
        },
      });
      lastReadings.delete(mapping.id);
      // Every run reports rejects again.
      const isWhole =
        outcome.kind === 'succeeded' && outcome.numRejected === 0 && outcome.reason === '';
      if (isWhole && stamp !== null && reached !== null) {
        lastReadings.set(mapping.id, { stamp, watermark: reached });
      }
      return outcome;
    },
  };
}

/** Distinguishes the current state of a source's files from later ones; null if unknown. */
async function stampOf(source: MappingSource, now: number): Promise<string | null> {
  if (source.kind !== 'csv' && source.kind !== 'ndjson') return null;
  try {
    const { complete } = await listFiles(source);
    const states = await Promise.all(complete.map((path) => stat(path, { bigint: true })));
    if (states.some(({ mtimeMs }) => Number(mtimeMs) > now - SETTLED_AFTER_MS)) return null;
    const stamps = states.map(({ ino, size, mtimeNs, ctimeNs }, index) =>
      [complete[index], ino, size, mtimeNs, ctimeNs].join(' '),
    );
    return JSON.stringify([source, ...stamps]);
  } catch {
    // The run will report the problem.
    return null;
  }
}

function isSame(one: Watermark, other: Watermark): boolean {
  const sizeOf = ({ seen }: Watermark) => seen.reduce((sum, { length }) => sum + length, 0);
  return (
    one.column === other.column && one.marker === other.marker && sizeOf(one) === sizeOf(other)
  );
}
