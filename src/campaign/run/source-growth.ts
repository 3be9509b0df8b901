import type { SourceChunk } from '../source/source.js';
import type { SourceSizes } from '../source/watermark.js';
import type { WorkedChunk } from './chunk-work.js';

/** What a table's size is kept under. */
const TABLE = '';

/**
 * Compare what a source has with what it had: what of it is neither sent nor rejected, though it was not there before?
 *
 * @param last - when it was last read; null: that is not known
 * @param tableSize - what rises as rows are added to a table; null where nothing does
 */
export function createSourceGrowth(last: SourceSizes | null, tableSize: number | null) {
  const files = new Map<string, { records: number; unsent: number }>();
  let numFound = 0;
  let numRejectedBefore = 0;

  function addedToFiles(): number {
    if (last === null) return 0;
    const added = [...files].map(([name, { unsent }]) => Math.max(0, unsent - (last[name] ?? 0)));
    return added.reduce((sum, each) => sum + each, 0);
  }

  function addedInWords(): string {
    const added = addedToFiles();
    if (added > 0) {
      return `${added} more ${added === 1 ? 'record' : 'records'} than before, not sent: ${WHY}.`;
    }
    const before = last?.[TABLE];
    const isLarger = tableSize !== null && before !== undefined && tableSize > before;
    return isLarger && numFound === 0 ? `More rows than before, none of them sent: ${WHY}.` : '';
  }

  return {
    /** Each chunk, and what came of it. */
    note({ file, rows, broken }: SourceChunk, worked: WorkedChunk): void {
      const found = worked.lines.length + worked.rejected.length;
      numFound += found;
      numRejectedBefore += worked.numRejectedBefore;
      if (file === null) return;
      const known = files.get(file) ?? { records: 0, unsent: 0 };
      known.records += rows.length + broken.length;
      known.unsent += rows.length + broken.length - found;
      files.set(file, known);
    },

    sizes: () => ({
      ...Object.fromEntries([...files].map(([name, { records }]) => [name, records])),
      ...(tableSize === null ? {} : { [TABLE]: tableSize }),
    }),

    /** In words, and what was rejected before as well; empty where there is nothing to say. */
    notice(): string {
      return [addedInWords(), rejectedInWords(numRejectedBefore)].filter(Boolean).join(' ');
    },
  };
}

const WHY = 'no change marker above the watermark, or a copy of what was sent';

function rejectedInWords(count: number): string {
  if (count === 0) return '';
  return count === 1
    ? '1 record that an earlier run has rejected is as it was.'
    : `${count} records that earlier runs have rejected are as they were.`;
}
