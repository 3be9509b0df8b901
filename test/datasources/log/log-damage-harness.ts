import { afterAll, beforeAll, expect } from '@jest/globals';
import { LogUnusableError } from '../../../src/datasources/log/log-database.js';
import {
  createLogCopies,
  type LogCopies,
  type LogCopy,
  type Served,
  serveLog,
} from '../../support/log-copies.js';
import { standInFor } from '../../support/stand-in.js';

export const DB = 'sluice.db';
export const WAL = 'sluice.db-wal';
export const MARK = 'sluice.head';

/** The size of a page of a SQLite file. */
export const PAGE_BYTES = 4_096;

/** Why a log is refused. */
export const damaged =
  /sluice\.db is damaged\. Restore it from a backup, or move it and the files beside it away to begin a new log\.$/;
export const older =
  /sluice\.db is older than what was in it before \(an old copy, or its end is missing\)\. Restore the newest copy with its -wal file; or delete .*sluice\.head to continue without what is missing, which makes all existing cursors invalid\.$/;
export const missing =
  /sluice\.db is missing or empty, and .*sluice\.head says that there was a log\. Restore it; or delete .*sluice\.head to begin a new one\.$/;
export const unusable =
  /sluice\.db cannot be written \(.+\)\. Check the disk and the permissions of DATA_DIR\.$/;

/** A file of a copy. */
export function fileOf({ files }: LogCopy, name: string): Buffer {
  const bytes = files.get(name);
  if (!bytes) throw new Error(`The copy has no ${name}.`);
  return bytes;
}

/** Copies of one log, and what is made of them. */
export interface UsedLogCopies {
  readonly copies: LogCopies;
  /** Restore a copy and serve it; returns everything served. */
  serve(copy: LogCopy): Promise<Served>;
  expectRefused(copy: LogCopy, message: RegExp): Promise<void>;
}

/** Make copies for all tests of the file that calls this. */
export function useLogCopies(): UsedLogCopies {
  let copies: LogCopies;

  beforeAll(async () => {
    copies = await createLogCopies();
  });

  afterAll(async () => {
    await copies[Symbol.asyncDispose]();
  });

  const serve = async (copy: LogCopy) => serveLog(await copies.restore(copy), copy.cursors);

  return {
    copies: standInFor(() => copies),
    serve,
    async expectRefused(copy, message) {
      const refused = await serve(copy).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(LogUnusableError);
      expect((refused as Error).message).toMatch(message);
      expect((refused as Error).message).not.toContain('\n');
    },
  };
}
