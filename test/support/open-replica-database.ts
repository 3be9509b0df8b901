import type { LogDatabase } from '../../src/datasources/log/log-database.js';
import { openPostgresLog } from '../../src/datasources/log/postgres/postgres.log.js';
import { createTestDatabase } from './postgres.js';

/** A database that replicas share. */
export async function openReplicaDatabase(): Promise<
  Pick<LogDatabase, 'db' | 'guard'> & AsyncDisposable
> {
  const { url, drop } = await createTestDatabase();
  const onFatal = (error: Error) => {
    throw error;
  };
  const log = await openPostgresLog({ url, maxConnections: 4, onFatal });
  return {
    db: log.db,
    guard: log.guard,
    async [Symbol.asyncDispose]() {
      await log.close();
      await drop();
    },
  };
}
