/** What the database’s thread is told when it is made. */
export interface SqliteWorkerData {
  readonly path: string;
}

/** What the database’s thread is asked to do; in this order, one after the other. */
export type SqliteOrder =
  | {
      readonly kind: 'execute';
      readonly id: number;
      readonly sql: string;
      readonly parameters: readonly unknown[];
    }
  | { readonly kind: 'close' };

/** What it answers. `errorCode` is SQLite’s extended result code. */
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
