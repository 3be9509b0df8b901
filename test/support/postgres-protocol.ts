/** The commands to the process around a PostgreSQL server. */
export type PostgresOrder = { readonly kind: 'start' } | { readonly kind: 'stop' };

/** Its reply, once done. */
export type PostgresAnswer =
  | { readonly kind: 'started'; readonly port: number }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly message: string };
