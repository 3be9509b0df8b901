import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LogUnusableError } from '../../../src/datasources/log/log-database.js';
import { LogDamagedError } from '../../../src/ingestion/gateway-error.js';
import {
  createLogCopies,
  type LogCopy,
  serveLog,
  withBitFlipped,
  withFile,
} from '../../support/log-copies.js';
import { openIngestionLog } from '../../support/sqlite-log.js';
import {
  DB,
  damaged,
  fileOf,
  MARK,
  missing,
  older,
  PAGE_BYTES,
  useLogCopies,
  WAL,
} from './log-damage-harness.js';

/** The header of a SQLite file; everything after it is in pages. */
const HEADER_BYTES = 100;

const markDamaged =
  /sluice\.head is damaged\. Restore it together with the log; or delete it to continue with the log as it is, which makes all existing cursors invalid\.$/;

const { copies, serve, expectRefused } = useLogCopies();

describe('an undamaged log', () => {
  it.each(['closed', 'killed', 'older'] as const)(
    'serves everything it served before: %s',
    async (which) => {
      expect(await serve(copies[which])).toEqual(copies[which].served);
    },
  );
});

describe('a log with a flipped bit', () => {
  /** Fails if the log is served wrongly without being noticed. */
  async function isNoticedOrTrue(copy: LogCopy): Promise<void> {
    try {
      expect(await serve(copy)).toEqual(copy.served);
    } catch (error) {
      if (!(error instanceof LogUnusableError || error instanceof LogDamagedError)) throw error;
    }
  }

  const files = [
    ['closed', DB, 40],
    ['killed', DB, 15],
    ['killed', WAL, 20],
    ['killed', MARK, 10],
  ] as const;

  it.each(files)(
    'is refused or serves the same data: %s, anywhere in %s',
    async (which, name, numRuns) => {
      const copy = copies[which];
      const bytes = fileOf(copy, name);
      const anywhere = fc.record({
        offset: fc.oneof(
          fc.nat(bytes.length - 1),
          fc.nat(Math.min(bytes.length, HEADER_BYTES) - 1),
        ),
        bit: fc.nat(7),
      });
      await fc.assert(
        fc.asyncProperty(anywhere, ({ offset, bit }) =>
          isNoticedOrTrue(withFile(copy, name, withBitFlipped(bytes, offset, bit))),
        ),
        { numRuns },
      );
    },
    60_000,
  );

  it('is refused when a row differs from what was written, wherever the bit is', async () => {
    const bytes = Buffer.from(fileOf(copies.closed, DB));
    // In the rows of two tables, and in the remains of older rows.
    for (let at = bytes.indexOf('batch 39'); at !== -1; at = bytes.indexOf('batch 39', at)) {
      bytes.write('batch 38', at);
    }
    await expect(serve(withFile(copies.closed, DB, bytes))).rejects.toThrow(LogDamagedError);
  });

  it('is refused when a page is unreadable', async () => {
    const bytes = fileOf(copies.closed, DB);
    // The type of the second page.
    const copy = withFile(copies.closed, DB, withBitFlipped(bytes, PAGE_BYTES, 3));
    await expectRefused(copy, damaged);
  });

  it('is refused when the header is unreadable', async () => {
    const copy = withFile(copies.closed, DB, withBitFlipped(fileOf(copies.closed, DB), 3, 1));
    await expectRefused(copy, damaged);
  });
});

describe('a log that is checked while in use', () => {
  it('serves and appends during the check, and can be closed at any moment', async () => {
    const dir = await copies.restore(copies.killed);
    const onFatal = (error: Error) => {
      throw error;
    };
    const open = () => openIngestionLog({ dataDir: dir, onFatal, checkedFirstBytes: 0 });
    const ref = { mappingId: 'crm', requestId: 'later' };
    const seen = { status: 'IN_PROGRESS', info: '', batchId: null } as const;
    const log = await open();
    await log.append({ ref, seen, observedAt: 9_000 });
    await log.close();
    const again = await open();
    expect(await again.find([ref])).toMatchObject([{ firstObservedAt: 9_000 }]);
    await again.close();
  });

  it('is reported as damaged when an index has lost a row', async () => {
    const bytes = Buffer.from(fileOf(copies.closed, DB));
    const dir = await copies.restore(copies.closed);
    using database = new DatabaseSync(join(dir, DB), { readOnly: true });
    const { rootpage } = database
      .prepare(
        `select rootpage from sqlite_schema where name = 'requests_mapping_id_first_position'`,
      )
      .get() as { rootpage: number };
    const at = bytes.indexOf('shop', (rootpage - 1) * PAGE_BYTES);
    expect(at).toBeLessThan(rootpage * PAGE_BYTES);
    bytes.write('shoq', at);
    const copy = withFile(copies.closed, DB, bytes);
    await expectRefused(copy, damaged);

    const told = Promise.withResolvers<Error>();
    const dataDir = await copies.restore(copy);
    const log = await openIngestionLog({ dataDir, onFatal: told.resolve, checkedFirstBytes: 0 });
    const error = await told.promise;
    expect(error).toBeInstanceOf(LogUnusableError);
    expect(error.message).toMatch(damaged);
    await log.close();
  });
});

describe('a truncated, missing or outdated log', () => {
  it('is refused when its file was cut', async () => {
    const bytes = fileOf(copies.closed, DB);
    const cut = bytes.subarray(0, bytes.length - 3 * PAGE_BYTES);
    await expectRefused(withFile(copies.closed, DB, cut), damaged);
  });

  it('is refused when its file is empty', async () => {
    await expectRefused(withFile(copies.closed, DB, Buffer.alloc(0)), missing);
  });

  it.each([1, 100, 5_000, 100_000])('is refused when its -wal file lost %s bytes', async (lost) => {
    const bytes = fileOf(copies.killed, WAL);
    const cut = bytes.subarray(0, bytes.length - lost);
    await expectRefused(withFile(copies.killed, WAL, cut), older);
  });

  it('is refused when its -wal file is missing', async () => {
    await expect(serve(withFile(copies.killed, WAL, null))).rejects.toThrow(LogUnusableError);
  });

  it('is refused when all its files are an older copy', async () => {
    const mark = fileOf(copies.closed, MARK);
    await expectRefused(withFile(copies.older, MARK, mark), older);
  });

  it('is refused when its file is missing, and no new one is created', async () => {
    const dir = await copies.restore(withFile(copies.killed, DB, null));
    await expect(serveLog(dir, [])).rejects.toThrow(missing);
    // The -wal file is unchanged: with the file restored, nothing is lost.
    await writeFile(join(dir, DB), fileOf(copies.killed, DB));
    expect(await serveLog(dir, copies.killed.cursors)).toEqual(copies.killed.served);
  });
});

describe('the mark beside a log', () => {
  it('causes a refusal when it cannot be read', async () => {
    const copy = withFile(copies.closed, MARK, Buffer.from('no mark'));
    await expectRefused(copy, markDamaged);
  });

  it.each([
    ['gone', null],
    ['empty', Buffer.alloc(0)],
    ['all zeros', Buffer.alloc(96)],
  ])('invalidates every cursor when it is %s, and keeps the rest', async (_what, mark) => {
    const copy = withFile(copies.closed, MARK, mark);
    await expect(serve(copy)).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
    const served = await serveLog(await copies.restore(copy), []);
    expect(served).toEqual({ ...copy.served, resumed: [] });
  });

  it('causes a refusal when it belongs to another log', async () => {
    await using others = await createLogCopies();
    const mark = fileOf(others.closed, MARK);
    await expectRefused(withFile(copies.closed, MARK, mark), older);
  });
});
