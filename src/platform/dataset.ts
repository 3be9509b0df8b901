import type { Schema } from '../adobe/json-schema.js';

/** What a record of a dataset is about. */
export type DatasetClass = 'profile' | 'event';

/** Where records go, and what they must be like. */
export interface Dataset {
  /** 24 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  readonly class: DatasetClass;
  /** A JSON Schema, draft 6 or 7, with all that it refers to. */
  readonly schema: Schema;
}
