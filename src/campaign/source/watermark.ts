import { basename } from 'node:path';
import type { Mapping } from '../mapping/mapping.js';
import type { Marker, MarkerKind } from '../mapping/marker-kind.js';
import { createDigestList, openDigestSet } from './digests.js';

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
  /** The parts of a list of digests: eight bytes for each row. */
  readonly seen: readonly Uint8Array[];
}

/** Recognises new rows, and tracks how far a run has come. */
export interface WatermarkTracker {
  /** True for a row that was not ingested before. */
  isNew(marker: Marker, row: readonly unknown[]): boolean;
  /** The watermark after the rows that were checked. */
  current(): Watermark | null;
}

/** The maximum number of rows of one marker that a watermark remembers, 32 MB; the next run sends further ones again. */
const MOST_SEEN = 4_000_000;

/** What a watermark belongs to. It says nothing about another column, source or dataset. */
export function subjectOf({ changed, source, dataset }: Mapping): string | null {
  if (changed === null) return null;
  const place =
    source.kind === 'postgres'
      ? [source.variable, source.schema, source.table]
      : [basename(source.path), source.kind === 'sqlite' ? source.table : null];
  return JSON.stringify([changed, dataset, source.kind, ...place]);
}

/** The watermark, if it belongs to the mapping's current settings. Older ones only name their column. */
export function watermarkOf(watermark: Watermark | null, mapping: Mapping): Watermark | null {
  const { changed } = mapping;
  const known = watermark?.column ?? changed;
  return changed !== null && (known === changed || known === subjectOf(mapping)) ? watermark : null;
}

/** What a tracker needs to know about the reading. */
export interface TrackerParts {
  readonly column: string | null;
  /** Of the same column. */
  readonly last: Watermark | null;
  readonly kind: MarkerKind;
  /** The highest marker of the source; undefined if that is only known after reading the rows. */
  readonly highest: Marker | null | undefined;
  /** How long before the highest marker the window begins. In ms; 0 if the highest marker is unknown. */
  readonly lagMs: number;
}

/** Begin where the last run has ended. */
export function createWatermarkTracker(parts: TrackerParts): WatermarkTracker {
  const { column, kind, lagMs } = parts;
  const last = readWatermark(parts.last, kind);
  const lastSeen = last === null ? null : openDigestSet(last.seen);
  const isKnown = parts.highest !== undefined;
  let highest = parts.highest ?? null;
  if (highest === null || (last !== null && compareMarkers(highest, last.marker) < 0)) {
    highest = last?.marker ?? null;
  }
  const since = windowOf();
  const seen = createDigestList();
  /** The first row of the highest marker. Most have no second one, and then need no digest. */
  let first: readonly unknown[] | null = null;

  /** Never before the last window, because rows below it are not read again. */
  function windowOf(): Marker | null {
    if (highest === null) return null;
    const start = kind.before(highest, lagMs);
    return last !== null && compareMarkers(start, last.since) < 0 ? last.since : start;
  }

  function remember(marker: Marker, row: readonly unknown[]): void {
    if (isKnown) {
      if (since === null || compareMarkers(marker, since) < 0) return;
    } else if (marker !== highest) {
      if (highest !== null && compareMarkers(marker, highest) < 0) return;
      highest = marker;
      seen.clear();
      first = row;
      return;
    }
    addFirst();
    if (seen.size < MOST_SEEN) seen.add(row);
  }

  function addFirst(): void {
    if (first !== null) seen.add(first);
    first = null;
  }

  return {
    isNew(marker, row) {
      remember(marker, row);
      if (last === null || lastSeen === null) return true;
      if (compareMarkers(marker, last.since) < 0) return false;
      return compareMarkers(marker, last.marker) > 0 || !lastSeen.has(row);
    },

    current() {
      if (highest === null) return null;
      addFirst();
      return { column, marker: highest, since: isKnown ? since : null, seen: seen.toParts() };
    },
  };
}

/** A watermark as markers of a kind; null if it is of another kind, and says nothing. */
export function readWatermark(
  watermark: Watermark | null,
  kind: MarkerKind,
): (Watermark & { readonly since: Marker }) | null {
  if (watermark === null) return null;
  const marker = kind.read(watermark.marker);
  if (marker === null) return null;
  const since = watermark.since === null ? marker : kind.read(watermark.since);
  return { ...watermark, marker, since: since ?? marker };
}

/** Numbers come before texts, and texts by their UTF-16 units. */
export function compareMarkers(a: Marker, b: Marker): number {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
