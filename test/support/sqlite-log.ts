import {
  createIngestionLog,
  type DurableIngestionLog,
} from '../../src/datasources/log/ingestion-log.datasource.js';
import {
  openSqliteLog,
  type SqliteLogOptions,
} from '../../src/datasources/log/sqlite/sqlite.log.js';

/**
 * Open the durable log in a file that nothing else in this process uses.
 *
 * @throws {LogUnusableError} the file cannot be used; the message says what to do
 */
export async function openIngestionLog(options: SqliteLogOptions): Promise<DurableIngestionLog> {
  const database = await openSqliteLog(options);
  return createIngestionLog(database).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
}
