import { createDigestList, openDigestSet } from './digests.js';

/** The value of a change marker, as the watermark keeps it. */
export type Marker = string | number;

/**
 * How far a mapping has been ingested: all rows below the marker, and of those at it the ones that are kept
 * here as digests, so that a row that comes to the same marker later is not missed.
 */
export interface Watermark {
  /** The column of the marker; null in one from before this was kept. */
  readonly column: string | null;
  readonly marker: Marker;
  /** The parts of a list of digests: eight bytes for each row. */
  readonly seen: readonly Uint8Array[];
}

/** How a reading tells which row is the newest. */
export type MarkerOrder =
  /** The source has told its highest marker, null where it has none, and gives no row below the watermark. */
  | { readonly kind: 'known'; readonly highest: Marker | null }
  /** It shows as the rows go by. */
  | { readonly kind: 'compared'; readonly compare: (a: Marker, b: Marker) => number };

/** Tells the rows that are new, and where a run has come to. */
export interface WatermarkTracker {
  /** True for a row that was not ingested before. */
  isNew(marker: Marker, row: readonly unknown[]): boolean;
  /** The watermark after the rows that were asked about. */
  current(): Watermark | null;
}

/** A watermark remembers so many rows of one marker, 32 MB; those beyond are sent again by the next run. */
const MOST_SEEN = 4_000_000;

/** The watermark, where it tells of this column: of the values of another one it says nothing. */
export function watermarkOfColumn(
  watermark: Watermark | null,
  column: string | null,
): Watermark | null {
  const known = watermark?.column ?? column;
  return known === column ? watermark : null;
}

/**
 * Begin where the last run has ended.
 *
 * @param last - of the same column
 */
export function createWatermarkTracker(
  column: string | null,
  last: Watermark | null,
  order: MarkerOrder,
): WatermarkTracker {
  const lastSeen = last === null ? null : openDigestSet(last.seen);
  let highest = (order.kind === 'known' ? order.highest : null) ?? last?.marker ?? null;
  const seen = createDigestList();

  function remember(marker: Marker, row: readonly unknown[]): void {
    if (marker !== highest) {
      if (order.kind === 'known') return;
      if (highest !== null && order.compare(marker, highest) < 0) return;
      highest = marker;
      seen.clear();
    }
    if (seen.size < MOST_SEEN) seen.add(row);
  }

  return {
    isNew(marker, row) {
      remember(marker, row);
      if (last === null || lastSeen === null) return true;
      if (marker === last.marker) return !lastSeen.has(row);
      return order.kind === 'known' || order.compare(marker, last.marker) > 0;
    },

    current: () => (highest === null ? null : { column, marker: highest, seen: seen.toParts() }),
  };
}
