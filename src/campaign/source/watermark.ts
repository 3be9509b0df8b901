import type { Mapping } from '../mapping/mapping.js';
import { type Marker, type MarkerKind, NO_MARKER } from '../mapping/marker-kind.js';
import { createDigestList, type DigestList, openDigestSet } from './digests.js';

/**
 * How far a mapping has been ingested: all rows below the window, and those rows of the window that are stored here
 * as digests, so that a row that appears later in the window is not missed.
 */
export interface Watermark {
  /** What it belongs to, from {@link subjectOf}; a column in older ones, null in the oldest. */
  readonly column: string | null;
  readonly marker: Marker;
  /** Where the window begins whose rows are stored as digests; null: at the marker. */
  readonly since: Marker | null;
  /** The parts of a list of digests: eight bytes for each row, and for each reject that no marker places. */
  readonly seen: readonly Uint8Array[];
  /** What the source had. */
  readonly had: SourceState;
}

/** What a source had when it was last read. */
export interface SourceState {
  /** What {@link SourceReading.size} was. */
  readonly tableSize: number | null;
  /** The rows of files, by which later ones are recognized; null for tables, and in older watermarks. */
  readonly rows: Uint8Array | null;
}

/** The maximum number of rows of one marker that a watermark remembers, 32 MB; the next run sends further ones again. */
const MAX_SEEN_ROWS = 4_000_000;

/** What a watermark belongs to. It says nothing about another column, source or dataset. */
export function subjectOf({ changed, source, dataset }: Mapping): string | null {
  if (changed === null) return null;
  const place =
    source.kind === 'postgres'
      ? [source.variable, source.schema, source.table]
      : [source.path, source.kind === 'sqlite' ? source.table : null];
  return JSON.stringify([changed, dataset, source.kind, ...place]);
}

/** The watermark, if it belongs to the mapping's current settings. Older ones only name their column. */
export function watermarkOf(watermark: Watermark | null, mapping: Mapping): Watermark | null {
  const { changed } = mapping;
  const known = watermark?.column ?? changed;
  return changed !== null && (known === changed || known === subjectOf(mapping)) ? watermark : null;
}

/** Recognises new rows, and tracks how far a run has come. */
export type WatermarkTracker = ReturnType<typeof createWatermarkTracker>;

/** Begin where the last run has ended. */
export function createWatermarkTracker(parts: {
  readonly column: string | null;
  /** Of the same column. */
  readonly last: Watermark | null;
  readonly kind: MarkerKind;
  /** The highest marker of the source; undefined if that is only known after reading the rows. */
  readonly highest: Marker | null | undefined;
  /** How long before the highest marker the window begins. In ms; 0 if the highest marker is unknown. */
  readonly lagMs: number;
}) {
  const { column, kind, lagMs } = parts;
  const last = readWatermark(parts.last, kind);
  const wasSeen = last === null ? null : openDigestSet(last.seen);
  const rejected = createDigestList();
  const reached = parts.highest === undefined ? inFile() : inTable(parts.highest);

  /** The highest marker is known, and with it the window. It never begins before the last one, because rows below it are not read again. */
  function inTable(found: Marker | null): Reached {
    const highest = highestOf(found, last?.marker ?? null);
    const start = highest === null ? null : kind.before(kind.settled(highest), lagMs);
    const since = highestOf(start, last?.since ?? null);
    const seen = createDigestList();
    return {
      remember(marker, row) {
        if (since !== null && compareMarkers(marker, since) >= 0) add(seen, row);
      },
      where: () => (highest === null ? null : { marker: highest, since, seen: seen.toParts() }),
    };
  }

  /** The highest marker shows as the rows go by; the window begins at the highest one that is not ahead of now. */
  function inFile(): Reached {
    let highest = last?.since ?? null;
    let highestAhead: Marker | null = null;
    const seen = createDigestList();
    const seenAhead = createDigestList();
    /** The first row of the highest marker. Most have no second one, and then need no digest. */
    let first: readonly unknown[] | null = null;

    function addFirst(): void {
      if (first !== null) add(seen, first);
      first = null;
    }

    return {
      remember(marker, row) {
        if (marker === highest) {
          addFirst();
          add(seen, row);
        } else if (kind.settled(marker) !== marker) {
          highestAhead = highestOf(marker, highestAhead);
          add(seenAhead, row);
        } else if (highest === null || compareMarkers(marker, highest) > 0) {
          highest = marker;
          seen.clear();
          first = row;
        }
      },
      where() {
        addFirst();
        const marker = highestOf(highestOf(highest, highestAhead), last?.marker ?? null);
        if (marker === null) return null;
        const since = highest ?? kind.settled(marker);
        return { marker, since, seen: [...seen.toParts(), ...seenAhead.toParts()] };
      },
    };
  }

  return {
    /** True for a row that was not ingested before. */
    isNew(marker: Marker, row: readonly unknown[]): boolean {
      reached.remember(marker, row);
      if (last === null || wasSeen === null) return true;
      if (compareMarkers(marker, last.since) < 0) return false;
      return compareMarkers(marker, last.marker) > 0 || !wasSeen(row);
    },

    /** True for a reject without a marker that was not rejected before. */
    isNewReject(content: readonly unknown[]): boolean {
      const digested = ['rejected', ...content];
      add(rejected, digested);
      return wasSeen === null || !wasSeen(digested);
    },

    /** The watermark after the rows that were checked. */
    current(): Omit<Watermark, 'had'> | null {
      const none = { marker: NO_MARKER, since: null, seen: [] };
      const where = reached.where() ?? (rejected.size > 0 ? none : null);
      if (where === null) return null;
      return { column, ...where, seen: [...where.seen, ...rejected.toParts()] };
    },
  };
}

/** How far a reading has come, and which rows of the window it has seen. */
interface Reached {
  remember(marker: Marker, row: readonly unknown[]): void;
  where(): Pick<Watermark, 'marker' | 'since' | 'seen'> | null;
}

function add(list: DigestList, row: readonly unknown[]): void {
  if (list.size < MAX_SEEN_ROWS) list.add(row);
}

/** The higher of two markers; null if there is none. */
export function highestOf(one: Marker | null, other: Marker | null): Marker | null {
  if (one === null || other === null) return one ?? other;
  return compareMarkers(one, other) < 0 ? other : one;
}

/** A watermark as markers of a kind; null if it is of another kind, and says nothing. */
export function readWatermark(
  watermark: Watermark | null,
  kind: MarkerKind,
): (Watermark & { readonly since: Marker }) | null {
  if (watermark === null) return null;
  const marker = watermark.marker === NO_MARKER ? NO_MARKER : kind.read(watermark.marker);
  if (marker === null) return null;
  const since = watermark.since === null ? marker : kind.read(watermark.since);
  return { ...watermark, marker, since: since ?? marker };
}

/** Numbers come before texts, and texts by their UTF-16 units. */
function compareMarkers(a: Marker, b: Marker): number {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
