import type { Kysely } from 'kysely';
import { openPostgresLog } from '../../src/datasources/log/postgres/postgres.log.js';
import type { ReplicaTables } from '../../src/datasources/replicas/replica.schema.js';
import type { ReplicaDatabase } from '../../src/datasources/replicas/replica-registry.datasource.js';
import { createTestDatabase } from './postgres.js';

/** A database as replicas share it. */
export async function openReplicaDatabase(): Promise<ReplicaDatabase & AsyncDisposable> {
  const { url, drop } = await createTestDatabase();
  const onFatal = (error: Error) => {
    throw error;
  };
  const log = await openPostgresLog({ url, maxConnections: 4, onFatal });
  return {
    db: log.db as unknown as Kysely<ReplicaTables>,
    guard: log.guard,
    async [Symbol.asyncDispose]() {
      await log.close();
      await drop();
    },
  };
}
