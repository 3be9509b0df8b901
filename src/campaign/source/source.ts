import type { MappedField, Mapping, MarkerRule } from '../mapping/mapping.js';
import {
  createMarkerKind,
  inferMarkerKind,
  type Marker,
  type MarkerKind,
} from '../mapping/marker-kind.js';
import type { Watermark } from './watermark.js';

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
  /** The name of their file; null in a table. */
  readonly file: string | null;
  /** Each row's values, in the order of {@link columnsOf}; undefined or null where there is none. */
  readonly rows: readonly (readonly unknown[])[];
  /** The line of each row in its file, from 1; null in a table. */
  readonly lines: readonly number[] | null;
  readonly broken: readonly BrokenRecord[];
}

/** A source that is being read. */
export interface SourceReading extends AsyncDisposable {
  /** Its highest marker; undefined where that shows as the rows go by. */
  readonly highest: Marker | null | undefined;
  readonly marker: MarkerKind;
  /** Of a table: what rises as rows are added; null where nothing does, and of files. */
  readonly size: number | null;
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
  /** Absent: what most of the first values are. */
  readonly changedAs?: Required<MarkerRule> | undefined;
  /** In ms since the epoch: what is marked as later has not happened. */
  readonly now: number;
  /** How long before the highest marker rows may still come to be. In ms. */
  readonly lagMs: number;
  readonly watermark: Watermark | null;
  /** Ends the reading early. */
  readonly signal: AbortSignal;
}

/**
 * How many rows a chunk has at most: a ms of work. Larger ones are no faster, and live long enough to grow
 * the young generation of the heap by tens of MB.
 */
export const CHUNK_ROWS = 100;

/**
 * The kind of the change marker: the declared one, or what the first values are.
 *
 * @throws {SourceError} it cannot be told
 */
export function markerKindOf(
  { columns, markerIndex, changedAs, now, watermark }: SourceQuery,
  values: readonly unknown[],
): MarkerKind {
  const rule = changedAs ?? inferMarkerKind(values, watermark?.marker ?? null);
  if (rule !== null) return createMarkerKind(rule, now);
  const column = columns[markerIndex ?? 0] ?? '';
  throw new SourceError(
    `it cannot be told how the change markers in column ${JSON.stringify(column)} compare; say what they are, such as changed: { column: ${column}, as: date-time, format: dd/MM/yyyy }, or as: text`,
    false,
  );
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
