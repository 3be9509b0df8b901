import type { Conversion } from './conversion.js';

/** Where one column of the source goes, and what its values must be. */
export interface MappedField {
  /** A column of a CSV file or table; of NDJSON a property, or the dot path of a nested one. */
  readonly column: string;
  /** The XDM dot path: `person.name.firstName`; `identityMap.Email` makes it an identity. */
  readonly to: string;
  /** Absent: the value is taken as it is. */
  readonly as?: Conversion | undefined;
  /** A record without a value here is rejected. */
  readonly required?: boolean | undefined;
  /** A record with another value is rejected. Compared with what the conversion makes. */
  readonly enum?: readonly (string | number | boolean)[] | undefined;
  /** A regular expression that the value must match, unanchored. */
  readonly pattern?: string | undefined;
}

/** Where the records come from. Paths are absolute; nothing need exist until a run reads it. */
export type MappingSource =
  | { readonly kind: 'csv' | 'ndjson'; readonly path: string }
  | { readonly kind: 'sqlite'; readonly path: string; readonly table: string }
  | PostgresTable;

/** A table, view or materialized view of a PostgreSQL database. */
export interface PostgresTable {
  readonly kind: 'postgres';
  /** The environment variable that holds the connection string, for messages. */
  readonly variable: string;
  /** A function, so that what it returns, which holds a password, is never logged with the mapping. */
  readonly connectionString: () => string;
  /** Absent: the search path of the database decides. */
  readonly schema?: string | undefined;
  readonly table: string;
}

/** What the values of a change marker are. */
export interface MarkerRule {
  readonly as: 'number' | 'date-time' | 'text';
  /** Of date-times: `iso`, `epoch-seconds`, `epoch-milliseconds`, or such as `dd/MM/yyyy HH:mm`. */
  readonly format?: string | undefined;
}

/** How many bad records a run bears. */
export type RejectLimit =
  | { readonly kind: 'records'; readonly max: number }
  /** Of the records that a run read, 0 to 100. */
  | { readonly kind: 'percent'; readonly max: number };

/** An XDM mapping: which records are ingested, in what shape, how fast and to where. */
export interface Mapping {
  readonly id: string;
  readonly label: string;
  readonly publication: 'published' | 'unpublished';
  /** The API can trigger only what the scheduler does not run: a stopped mapping. */
  readonly execution: 'started' | 'stopped';
  /** From one scheduled run to the next, in ms; null: as the service says. */
  readonly everyMs: number | null;
  readonly source: MappingSource;
  /** The column whose value names a record. */
  readonly key: string;
  /** The column that rises with each change of a record; null: every run sends everything. */
  readonly changed: string | null;
  /** Absent: what most of its first values are. */
  readonly changedAs?: Required<MarkerRule> | undefined;
  /** Rows of a table may become visible so long after the time that they are marked with. In ms; absent: ten minutes. */
  readonly lagMs?: number | undefined;
  /** The id of the dataset on Platform. */
  readonly dataset: string;
  /** Null: as fast as it goes. */
  readonly recordsPerSecond: number | null;
  readonly maxRejected: RejectLimit;
  readonly fields: readonly MappedField[];
}
