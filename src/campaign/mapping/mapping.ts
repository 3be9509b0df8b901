import type { Conversion } from './conversion.js';
import type { AuthenticatedState } from './identity.js';
import type { TextFunction } from './text-function.js';

/** A constant value in a mapping. */
export type Scalar = string | number | boolean;

/** Where a value of a record comes from, where it goes, and what it must be. One of `column`, `concat` and `value`. */
export interface MappedField {
  /** A column of a CSV file or table; for NDJSON a property, or the dot path of a nested one. */
  readonly column?: string | undefined;
  /** Columns whose texts are joined, without those that have no value. */
  readonly concat?: readonly string[] | undefined;
  /** The separator between the texts of `concat`. */
  readonly separator?: string | undefined;
  /** The same value for every record. */
  readonly value?: Scalar | undefined;
  /** The XDM dot path: `person.name.firstName`; `identityMap.Email` makes it an identity, `tags[]` an item of a list. */
  readonly to: string;
  /** Cuts the text into the items of a list. */
  readonly split?: string | undefined;
  /** Functions applied to the text, in this order. */
  readonly apply?: readonly TextFunction[] | undefined;
  /** The value that each text stands for; a record with another text is rejected. */
  readonly map?: Readonly<Record<string, Scalar | null>> | undefined;
  /** What is sent if there is no value; null is sent as null. */
  readonly default?: Scalar | null | undefined;
  /** Absent: the value is used unchanged. */
  readonly as?: Conversion | undefined;
  /** The format of dates and date-times: `dd/MM/yyyy HH:mm`. */
  readonly format?: string | undefined;
  /** The time zone of values with a `format`; absent: UTC. */
  readonly timeZone?: string | undefined;
  /** The decimal separator of numbers; absent: a point. */
  readonly decimal?: ',' | undefined;
  /** A record without a value here is rejected. False: the file need not even have the column. */
  readonly required?: boolean | undefined;
  /** A record with another value is rejected. Compared after the conversion. */
  readonly enum?: readonly Scalar[] | undefined;
  /** A regular expression that the value must match, unanchored. */
  readonly pattern?: string | undefined;
  /** For an identity: it is the primary one, and a record without it is rejected. */
  readonly primary?: boolean | undefined;
  /** For an identity: how certain it is that it belongs to the person. */
  readonly authenticatedState?: AuthenticatedState | undefined;
}

/** Where the records come from. Paths are absolute; nothing need exist until a run reads it. */
export type MappingSource =
  | CsvFile
  | NdjsonFile
  | { readonly kind: 'sqlite'; readonly path: string; readonly table: string }
  | PostgresTable;

/** What all files have in common. */
interface TextFile {
  /** Its name may have wildcards, which select several files. */
  readonly path: string;
  /** The name in the Encoding Standard; absent: by the byte order mark, else UTF-8. */
  readonly encoding?: string | undefined;
  /** A suffix that marks a file as complete: it is read once a file with its name and this suffix exists. */
  readonly ready?: string | undefined;
}

/** CSV files. */
export interface CsvFile extends TextFile {
  readonly kind: 'csv';
  /** One character; absent: comma, semicolon, tab or bar, whichever fits. */
  readonly delimiter?: string | undefined;
  /** One character, or empty if nothing is quoted; absent: `"`. */
  readonly quote?: string | undefined;
  /** False: columns are numbered from 1. */
  readonly header?: boolean | undefined;
}

/** Files with a JSON object in each line. */
export interface NdjsonFile extends TextFile {
  readonly kind: 'ndjson';
}

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

/** The type of a change marker's values. */
export interface MarkerRule {
  readonly as: 'number' | 'date-time' | 'text';
  /** For date-times: `iso`, `epoch-seconds`, `epoch-milliseconds`, or a pattern such as `dd/MM/yyyy HH:mm`. */
  readonly format?: string | undefined;
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
