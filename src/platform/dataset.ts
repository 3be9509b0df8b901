import type { Schema } from '../adobe/json-schema.js';

/** What a dataset's records are about. */
export type DatasetClass = 'profile' | 'event';

/** Where records go, and their schema. */
export interface Dataset {
  /** 24 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  readonly class: DatasetClass;
  /** A JSON Schema, draft 6 or 7, with everything that it refers to. */
  readonly schema: Schema;
}
