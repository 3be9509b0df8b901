import { Worker } from 'node:worker_threads';
import type { SqliteThread } from './sqlite.thread.js';

/** A log up to this size is checked before it is opened, which takes some 150 ms. In bytes. */
export const CHECKED_FIRST_BYTES = 16 * 1024 * 1024;

/**
 * Checks all pages, and that every index has what its table has. A row that an index has lost would be missing from
 * answers, and nobody would know. Takes some 2 s for a million transitions.
 */
const CHECK = 'pragma integrity_check(1)';

/**
 * @param get - returns the first row of a statement
 * @returns what is wrong, in SQLite's words; null if the file is sound
 */
export async function findDamage(get: (sql: string) => unknown): Promise<string | null> {
  const row = (await get(CHECK)) as { readonly integrity_check: string };
  return row.integrity_check === 'ok' ? null : row.integrity_check;
}

/** A check that runs while the database is in use. */
export type RunningCheck = Awaited<ReturnType<typeof checkWhileOpen>>;

/**
 * Check the file of an open database in a separate thread. First, everything that was committed is written into the
 * file. Until the check is over, later commits stay in the write-ahead log, so the file does not change.
 */
export async function checkWhileOpen(path: string, thread: SqliteThread) {
  await thread.execute('pragma wal_checkpoint(truncate)', []);
  await thread.execute('pragma wal_autocheckpoint(0)', []);
  const worker = new Worker(new URL('./sqlite.check.worker.js', import.meta.url), {
    workerData: { path },
  });
  const damage = new Promise<string | null>((resolve) => {
    worker.once('message', resolve);
    // SQLite refuses to read a file that is damaged too badly for a check.
    worker.once('error', (error) => resolve(error.message));
    worker.once('exit', () => resolve(null));
  });
  return {
    /** Resolves with what is wrong, or null; also null if the check was cancelled. */
    damage: damage.finally(() =>
      // If the database was closed meanwhile, there is nothing to write into the file.
      thread.execute('pragma wal_autocheckpoint(1000)', []).catch(() => {}),
    ),
    /** Cancel the check; resolves once its thread has ended. */
    async stop(): Promise<void> {
      await worker.terminate();
    },
  };
}
