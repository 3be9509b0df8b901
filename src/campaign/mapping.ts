import type { Conversion } from './conversion.js';

/** Where one column of the source goes. */
export interface MappedField {
  /** A CSV column; of NDJSON a property, or the dot path of a nested one. */
  readonly column: string;
  /** The XDM dot path: `person.name.firstName`; `identityMap.Email` makes it an identity. */
  readonly to: string;
  /** Absent: the value is taken as it is. */
  readonly as?: Conversion | undefined;
}

/** Where the records go. */
export interface MappingTarget {
  readonly dataset: string;
  /** The name of a batch's files; `{part}` stands for the file's number, from 1. */
  readonly file: string;
  readonly recordsPerFile: number;
}

/** The file that the records come from, an absolute path. It need not exist until a run reads it. */
export interface MappingSource {
  readonly format: 'csv' | 'ndjson';
  readonly path: string;
}

/** An XDM mapping: which records are ingested, in what shape, how fast and to where. */
export interface Mapping {
  readonly id: string;
  readonly label: string;
  readonly publication: 'published' | 'unpublished';
  /** The API can trigger only what the scheduler does not run: a stopped mapping. */
  readonly execution: 'started' | 'stopped';
  /** From one scheduled run to the next, in ms; absent: as the service says. */
  readonly everyMs?: number | undefined;
  readonly recordsPerSecond: number;
  readonly source: MappingSource;
  readonly target: MappingTarget;
  readonly fields: readonly MappedField[];
}
