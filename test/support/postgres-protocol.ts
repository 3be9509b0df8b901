/** What the process around a PostgreSQL server is asked to do. */
export type PostgresOrder = { readonly kind: 'start' } | { readonly kind: 'stop' };

/** What it answers, once done. */
export type PostgresAnswer =
  | { readonly kind: 'started'; readonly port: number }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly message: string };
