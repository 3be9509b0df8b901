import type { Conversion } from './conversion.js';
import type { AuthenticatedState } from './identity.js';
import type { TextFunction } from './text-function.js';

/** What a mapping may write of its own. */
export type Scalar = string | number | boolean;

/** What becomes a value of a record, where it goes, and what it must be. One of `column`, `concat` and `value`. */
export interface MappedField {
  /** A column of a CSV file or table; of NDJSON a property, or the dot path of a nested one. */
  readonly column?: string | undefined;
  /** Columns whose texts are joined; those without a value are left out. */
  readonly concat?: readonly string[] | undefined;
  /** What stands between the texts of `concat`. */
  readonly separator?: string | undefined;
  /** The same value for every record. */
  readonly value?: Scalar | undefined;
  /** The XDM dot path: `person.name.firstName`; `identityMap.Email` makes it an identity, `tags[]` an item of a list. */
  readonly to: string;
  /** Cuts the text into the items of a list. */
  readonly split?: string | undefined;
  /** What is done to the text, in this order. */
  readonly apply?: readonly TextFunction[] | undefined;
  /** What each text stands for; a record with another text is rejected. */
  readonly map?: Readonly<Record<string, Scalar | null>> | undefined;
  /** What is sent where there is no value; null is sent as null. */
  readonly default?: Scalar | null | undefined;
  /** Absent: the value is taken as it is. */
  readonly as?: Conversion | undefined;
  /** How dates and date-times are written: `dd/MM/yyyy HH:mm`. */
  readonly format?: string | undefined;
  /** Where the clock hangs that `format` reads; absent: UTC. */
  readonly timeZone?: string | undefined;
  /** What stands before the decimals of numbers; absent: a point. */
  readonly decimal?: ',' | undefined;
  /** A record without a value here is rejected. False: the file need not even have the column. */
  readonly required?: boolean | undefined;
  /** A record with another value is rejected. Compared with what the conversion makes. */
  readonly enum?: readonly Scalar[] | undefined;
  /** A regular expression that the value must match, unanchored. */
  readonly pattern?: string | undefined;
  /** Of an identity: it is the primary one, and a record without it is rejected. */
  readonly primary?: boolean | undefined;
  /** Of an identity: how sure it is that the person is the one. */
  readonly authenticatedState?: AuthenticatedState | undefined;
}

/** Where the records come from. Paths are absolute; nothing need exist until a run reads it. */
export type MappingSource =
  | CsvFile
  | NdjsonFile
  | { readonly kind: 'sqlite'; readonly path: string; readonly table: string }
  | PostgresTable;

/** What files have in common. */
interface TextFile {
  /** Its name may have wildcards: then all files are read that fit. */
  readonly path: string;
  /** As the Encoding Standard names it; absent: what a byte order mark tells, else UTF-8. */
  readonly encoding?: string | undefined;
  /** What is added to a file's name where it is handed over: it is read once a file of that name is there. */
  readonly ready?: string | undefined;
}

/** CSV files. */
export interface CsvFile extends TextFile {
  readonly kind: 'csv';
  /** One character; absent: of comma, semicolon, tab and bar the one that fits. */
  readonly delimiter?: string | undefined;
  /** One character, or none where nothing is quoted; absent: `"`. */
  readonly quote?: string | undefined;
  /** False: columns have the numbers of their places, from 1. */
  readonly header?: boolean | undefined;
}

/** Files with a JSON object in each line. */
export interface NdjsonFile extends TextFile {
  readonly kind: 'ndjson';
}

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
  /** Texts that stand for no value, without the blanks around them. */
  readonly nulls?: readonly string[] | undefined;
  readonly fields: readonly MappedField[];
}
