import type { MappedField, Mapping } from '../mapping/mapping.js';
import {
  createMarkerKind,
  inferMarkerKind,
  type Marker,
  type MarkerKind,
  type MarkerRule,
} from '../mapping/marker-kind.js';
import type { Watermark } from './watermark.js';

/** A source that can't be read: it does not exist, is broken, or is not what its mapping says. */
export class SourceError extends Error {
  override readonly name = 'SourceError';

  /** @param isTransient - true if the same read may succeed later without a fix */
  constructor(
    message: string,
    readonly isTransient: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Something that could not be read as a record, although the records around it could. */
export interface BrokenRecord {
  /** From 1. */
  readonly line: number;
  readonly reason: string;
  /** Its content. */
  readonly raw: unknown;
}

/** Some rows of a source, few enough to be handled without blocking the process. */
export interface SourceChunk {
  /** The name of their file; null in a table. */
  readonly file: string | null;
  /** Each row's values, in the order of {@link columnsOf}; undefined or null if there is none. */
  readonly rows: readonly (readonly unknown[])[];
  /** The line of each row in its file, from 1; null in a table. */
  readonly lines: readonly number[] | null;
  readonly broken: readonly BrokenRecord[];
}

/** A source that is being read. */
export interface SourceReading extends AsyncDisposable {
  /** Its highest marker; undefined if that is only known after reading the rows. */
  readonly highest: Marker | null | undefined;
  readonly marker: MarkerKind;
  /** For a table, a number that rises as rows are added, or infinity if it is not known; null if there is none, and for files. */
  readonly size: number | null;
  /** Names of files that are not read, because their writer has not marked them as complete. */
  readonly incomplete: readonly string[];
  /** All rows whose marker is not below the watermark, and maybe others. Can be read once. */
  readonly chunks: AsyncIterable<SourceChunk>;
}

/** What to read from a source. */
export interface SourceQuery {
  readonly columns: readonly string[];
  /** Those of the columns that a file need not have. */
  readonly optional?: readonly string[];
  /** Texts that stand for no value. */
  readonly nulls?: readonly string[] | undefined;
  /** The place of the change marker among the columns; null if there is none. */
  readonly markerIndex: number | null;
  /** Absent: the type of most of the first values. */
  readonly changedAs?: Required<MarkerRule> | undefined;
  /** In ms since the epoch. A later marker is in the future. */
  readonly now: number;
  /** How long before the highest marker new rows may still appear. In ms. */
  readonly lagMs: number;
  readonly watermark: Watermark | null;
  /** Ends the reading early. */
  readonly signal: AbortSignal;
}

/**
 * The maximum number of rows in a chunk, which take a ms. Larger chunks are no faster, and live long enough to grow
 * the young generation of the heap by tens of MB.
 */
export const CHUNK_ROWS = 100;

/**
 * The kind of the change marker: the declared one, or that of the first values.
 *
 * @throws {SourceError} it is ambiguous
 */
export function markerKindOf(
  { columns, markerIndex, changedAs, now, watermark }: SourceQuery,
  values: readonly unknown[],
): MarkerKind {
  const rule = changedAs ?? inferMarkerKind(values, watermark?.marker ?? null);
  if (rule !== null) return createMarkerKind(rule, now);
  const column = columns[markerIndex ?? 0] ?? '';
  throw new SourceError(
    `it is unclear how the change markers in column ${JSON.stringify(column)} compare; declare their type, such as changed: { column: ${column}, as: date-time, format: dd/MM/yyyy }, or as: text`,
    false,
  );
}

/** The columns that a mapping reads: its key first, then its change marker if it has one. */
export function columnsOf({ key, changed, fields }: Mapping): readonly string[] {
  const markers = changed === null ? [] : [changed];
  return [...new Set([key, ...markers, ...fields.flatMap(columnsOfField)])];
}

/** The columns that a mapping's files need not have: those of which every field says so. */
export function optionalColumnsOf({ key, changed, fields }: Mapping): readonly string[] {
  const needed = fields.filter(({ required }) => required !== false).flatMap(columnsOfField);
  const optional = fields.filter(({ required }) => required === false).flatMap(columnsOfField);
  return optional.filter((column) => ![key, changed, ...needed].includes(column));
}

function columnsOfField({ column, concat = [] }: MappedField): readonly string[] {
  return column === undefined ? concat : [column];
}
