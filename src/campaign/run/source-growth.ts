import { createKnownRows, type KnownRows } from '../source/known-rows.js';
import type { SourceChunk } from '../source/source.js';
import type { SourceState } from '../source/watermark.js';
import type { WorkedChunk } from './chunk-work.js';

/**
 * Compare what a source has with what it had: what of it is neither sent nor rejected, though it was not there before?
 *
 * @param last - when it was last read; null: that is not known
 * @param tableSize - what rises as rows are added to a table; null where nothing does
 * @param origin - of what a row has the values
 */
export function createSourceGrowth(
  last: SourceState | null,
  tableSize: number | null,
  origin: string,
) {
  /** Of files only. */
  let known: KnownRows | null = null;
  let numFound = 0;
  let numMissed = 0;
  let numRejectedBefore = 0;

  function missedInWords(): string {
    if (numMissed === 1) {
      return '1 new or changed record was not sent: its change marker is not above the watermark.';
    }
    if (numMissed > 1) {
      return `${numMissed} new or changed records were not sent: their change markers are not above the watermark.`;
    }
    const before = last?.tableSize ?? null;
    const isCounted = tableSize !== null && Number.isFinite(tableSize);
    const isLarger = isCounted && before !== null && tableSize > before;
    return isLarger && numFound === 0
      ? 'More rows than before, none of them sent: no change marker above the watermark, or a copy of what was sent.'
      : '';
  }

  return {
    /** Each chunk, and what came of it. */
    note({ file, rows }: SourceChunk, { lines, rejected, passed, ...worked }: WorkedChunk): void {
      numFound += lines.length + rejected.length;
      numRejectedBefore += worked.numRejectedBefore;
      if (file === null) return;
      known ??= createKnownRows(last?.rows ?? null, origin);
      let next = 0;
      for (const row of rows) {
        const isNew = known.add(row);
        if (row !== passed[next]) continue;
        next += 1;
        if (isNew) numMissed += 1;
      }
    },

    /** For the next run. */
    state: (): SourceState => ({ tableSize, rows: known?.toBytes() ?? null }),

    /** In words, and what was rejected before as well; empty where there is nothing to say. */
    notice(): string {
      return [missedInWords(), rejectedInWords(numRejectedBefore)].filter(Boolean).join(' ');
    },
  };
}

function rejectedInWords(count: number): string {
  if (count === 0) return '';
  return count === 1
    ? '1 record that an earlier run has rejected is as it was.'
    : `${count} records that earlier runs have rejected are as they were.`;
}
