import type { MessagePort } from 'node:worker_threads';

/** What the thread that checks a database gets at its start. */
export interface SqliteCheckData {
  readonly path: string;
}

/** A message to the databases' thread: open one, and serve it on this port until it is closed. */
export interface SqliteOpening {
  readonly path: string;
  readonly port: MessagePort;
}

/** Orders to a database, executed one after the other. */
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
    };
