import type { Mapping } from '../mapping/mapping.js';
import { openSource } from '../source/open-source.js';
import {
  columnsOf,
  optionalColumnsOf,
  type SourceChunk,
  type SourceReading,
} from '../source/source.js';
import {
  createWatermarkTracker,
  subjectOf,
  type Watermark,
  watermarkOf,
} from '../source/watermark.js';
import { createChunkWork, type WorkedChunk } from './chunk-work.js';
import { createSourceGrowth } from './source-growth.js';

/** Most transactions have ended by then. */
const LAG_MS = 10 * 60_000;

/** Where to begin, and when to end. */
export interface ReadingOptions {
  /** The last run's. */
  readonly watermark: Watermark | null;
  /** In ms since the epoch. */
  readonly now: number;
  /** Ends the reading early. */
  readonly signal: AbortSignal;
}

/**
 * Open a mapping's source to read what is new in it. It must be closed.
 *
 * @throws {SourceError} it can't be read
 */
export async function openRecords(mapping: Mapping, options: ReadingOptions) {
  const { changed, changedAs, nulls, lagMs = LAG_MS } = mapping;
  const columns = columnsOf(mapping);
  const markerIndex = changed === null ? null : columns.indexOf(changed);
  const watermark = watermarkOf(options.watermark, mapping);
  const optional = optionalColumnsOf(mapping);
  const query = { ...options, columns, optional, nulls, markerIndex, changedAs, lagMs, watermark };
  const reading = await openSource(mapping.source, query);
  const { marker, highest, chunks, size } = reading;
  const column = subjectOf(mapping);
  const tracker = createWatermarkTracker({ column, last: watermark, kind: marker, highest, lagMs });
  const origin = JSON.stringify([mapping.source, columns, nulls]);
  const growth = createSourceGrowth(watermark?.had ?? null, size, origin);
  const work = createChunkWork(mapping, { columns, markerIndex, marker, tracker });
  return {
    chunks,
    /** Convert a chunk to lines to send and rejects. */
    work(chunk: SourceChunk): WorkedChunk {
      const worked = work(chunk);
      if (markerIndex !== null) growth.note(chunk, worked);
      return worked;
    },
    /** How far the source has been read with the chunks so far; null if the mapping has no change marker. */
    watermark(): Watermark | null {
      const reached = markerIndex === null ? null : tracker.current();
      return reached && { ...reached, had: growth.state() };
    },
    /** What is to be said of the chunks worked so far, for people; empty where there is nothing. */
    notice: () => [incompleteInWords(mapping, reading), growth.notice()].filter(Boolean).join(' '),
    [Symbol.asyncDispose]: () => reading[Symbol.asyncDispose](),
  };
}

function incompleteInWords({ source }: Mapping, { incomplete }: SourceReading): string {
  if (incomplete.length === 0 || !('ready' in source)) return '';
  const names = incomplete.join(', ').slice(0, 500);
  return `Not read, because no ${source.ready} file was written after them: ${names}.`;
}
