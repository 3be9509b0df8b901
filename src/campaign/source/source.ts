import type { MappedField, Mapping } from '../mapping.js';
import type { Marker, MarkerOrder, Watermark } from './watermark.js';

/** A source that cannot be read: it is not there, is broken, or is not what its mapping says. */
export class SourceError extends Error {
  override readonly name = 'SourceError';

  /** @param isTransient - true where the same read may succeed later with nothing mended */
  constructor(
    message: string,
    readonly isTransient: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What could not be read as a record, though the records around it could. */
export interface BrokenRecord {
  /** From 1. */
  readonly line: number;
  readonly reason: string;
  /** What stands there. */
  readonly raw: unknown;
}

/** Some rows of a source, few enough to be worked off without holding up the process. */
export interface SourceChunk {
  /** Each row's values, in the order of {@link columnsOf}; undefined or null where there is none. */
  readonly rows: readonly (readonly unknown[])[];
  /** The line of each row in its file, from 1; null in a table. */
  readonly lines: readonly number[] | null;
  readonly broken: readonly BrokenRecord[];
}

/** A source that is being read. */
export interface SourceReading extends AsyncDisposable {
  readonly order: MarkerOrder;
  /** The marker that a row's value is; null where it cannot be one. */
  readonly toMarker: (value: unknown) => Marker | null;
  /** All rows whose marker is not below the watermark, and maybe others. To be read once. */
  readonly chunks: AsyncIterable<SourceChunk>;
}

/** What is to be read of a source. */
export interface SourceQuery {
  readonly columns: readonly string[];
  /** Those of the columns that a file need not have. */
  readonly optional?: readonly string[];
  /** Texts that stand for no value. */
  readonly nulls?: readonly string[] | undefined;
  /** The place of the change marker among the columns; null: there is none. */
  readonly markerIndex: number | null;
  readonly watermark: Watermark | null;
  /** Ends the reading early. */
  readonly signal: AbortSignal;
}

/**
 * How many rows a chunk has at most: a ms of work. Larger ones are no faster, and live long enough to grow
 * the young generation of the heap by tens of MB.
 */
export const CHUNK_ROWS = 100;

/** What a table's value is as a marker: tables have their own order of numbers and texts. */
export function toTableMarker(value: unknown): Marker | null {
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}

/** The columns that a mapping reads: its key first, then its change marker where it has one. */
export function columnsOf({ key, changed, fields }: Mapping): readonly string[] {
  const markers = changed === null ? [] : [changed];
  return [...new Set([key, ...markers, ...fields.flatMap(columnsOfField)])];
}

/** The columns that a mapping's files need not have: those of fields that say so, and of no other one. */
export function optionalColumnsOf({ key, changed, fields }: Mapping): readonly string[] {
  const needed = fields.filter(({ required }) => required !== false).flatMap(columnsOfField);
  const optional = fields.filter(({ required }) => required === false).flatMap(columnsOfField);
  return optional.filter((column) => ![key, changed, ...needed].includes(column));
}

function columnsOfField({ column, concat = [] }: MappedField): readonly string[] {
  return column === undefined ? concat : [column];
}
