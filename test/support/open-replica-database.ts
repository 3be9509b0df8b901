import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { replicas } from '../../src/datasources/replica.migrations.js';
import type { ReplicaTables } from '../../src/datasources/replica.schema.js';
import type { ReplicaDatabase } from '../../src/datasources/replica-registry.datasource.js';
import { createTestDatabase } from './postgres.js';

pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** A database as replicas share it. */
export async function openReplicaDatabase(): Promise<
  ReplicaDatabase & { readonly url: string } & AsyncDisposable
> {
  const { url, drop } = await createTestDatabase();
  const dialect = new PostgresDialect({ pool: new pg.Pool({ connectionString: url, max: 4 }) });
  const db = new Kysely<ReplicaTables>({ dialect });
  await sql`create table requests (request_key text primary key, mapping_id text not null,
    request_id text not null, status text not null, info text not null, batch_id text,
    num_records bigint, started_at bigint, first_observed_at bigint not null,
    changed_at bigint not null, first_position bigint not null, checksum bigint not null)`.execute(
    db,
  );
  await replicas.up(db);
  return {
    url,
    db,
    guard: (run) => run(),
    async [Symbol.asyncDispose]() {
      await db.destroy();
      await drop();
    },
  };
}
