/** What the database's thread gets at its start. */
export interface SqliteWorkerData {
  readonly path: string;
}

/** Orders to the database's thread, executed one after the other. */
export type SqliteOrder =
  | {
      readonly kind: 'execute';
      readonly id: number;
      readonly sql: string;
      readonly parameters: readonly unknown[];
    }
  | { readonly kind: 'close' };

/** Its answers. `errorCode` is SQLite's extended result code. */
export type SqliteAnswer =
  | { readonly kind: 'opened' }
  | { readonly kind: 'notOpened'; readonly message: string; readonly errorCode: number | null }
  | {
      readonly kind: 'rows';
      readonly id: number;
      readonly rows: readonly unknown[];
      readonly changes: number;
    }
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly message: string;
      readonly errorCode: number | null;
    }
  | { readonly kind: 'closed' };
