/** One record of a source. */
export interface SourceRecord {
  /** Where it stands, for messages: `crm.csv line 12`. */
  readonly place: string;
  /** The value of a column; undefined where the record has none. */
  read(column: string): unknown;
}

/** A source that cannot be read, or a record in it that is broken. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}
