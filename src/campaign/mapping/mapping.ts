import type { z } from 'zod';
import type { fieldContent, source } from './mapping-schema.js';
import type { MarkerRule } from './marker-kind.js';

/** Where a value of a record comes from, where it goes, and what it must be. The schema describes each setting. */
export type MappedField = z.output<typeof fieldContent>;

type SourceContent = z.output<typeof source>;

/** CSV files. */
export type CsvFile = Extract<SourceContent, { kind: 'csv' }>;

/** Files with a JSON object in each line. */
export type NdjsonFile = Extract<SourceContent, { kind: 'ndjson' }>;

/** A table or view of a SQLite database. */
export type SqliteTable = Extract<SourceContent, { kind: 'sqlite' }>;

/** Where the records come from. Paths are absolute; nothing need exist until a run reads it. */
export type MappingSource = CsvFile | NdjsonFile | SqliteTable | PostgresTable;

/** A table, view or materialized view of a PostgreSQL database. */
export interface PostgresTable {
  readonly kind: 'postgres';
  /** The environment variable with the connection string, for messages. */
  readonly variable: string;
  /** A function, so that the result, which contains a password, is never logged with the mapping. */
  readonly connectionString: () => string;
  /** Absent: the database's search path decides. */
  readonly schema?: string | undefined;
  readonly table: string;
}

/** How many bad records a run tolerates. */
export type RejectLimit =
  | { readonly kind: 'records'; readonly max: number }
  /** A share of the records that a run read, 0 to 100. */
  | { readonly kind: 'percent'; readonly max: number };

/** An XDM mapping: which records are ingested, in what shape, how fast and where to. */
export interface Mapping {
  readonly id: string;
  readonly label: string;
  readonly publication: 'published' | 'unpublished';
  /** The API can only trigger a stopped mapping, which the scheduler does not run. */
  readonly execution: 'started' | 'stopped';
  /** The time between two scheduled runs, in ms; null for the service's default. */
  readonly everyMs: number | null;
  readonly source: MappingSource;
  /** The column that identifies a record. */
  readonly key: string;
  /** The column that rises with each change of a record; null: every run sends everything. */
  readonly changed: string | null;
  /** Absent: the type of most of the first values. */
  readonly changedAs?: Required<MarkerRule> | undefined;
  /** How long after its marker a row of a table may become visible. In ms; absent: ten minutes. */
  readonly lagMs?: number | undefined;
  /** The id of the dataset on Platform. */
  readonly dataset: string;
  /** Null for no limit. */
  readonly recordsPerSecond: number | null;
  readonly maxRejected: RejectLimit;
  /** Texts that stand for no value, without surrounding blanks. */
  readonly nulls?: readonly string[] | undefined;
  readonly fields: readonly MappedField[];
}
