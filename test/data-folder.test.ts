import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataFolderUnusableError, openOwnDatabase } from '../src/adobe/data-folder.js';
import { openState, StateUnusableError } from '../src/campaign/state/state-database.js';
import { LogUnusableError } from '../src/datasources/log/log-database.js';
import { openBatchStore } from '../src/platform/batch-store.js';
import { openIngestionLog } from './support/sqlite-log.js';

/** Who has no rights on what others made. */
const NOBODY = 65_534;

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-folder-'));
  chmodSync(directory, 0o755);
  writeFileSync(join(directory, 'file'), '');
  symlinkSync('loop', join(directory, 'loop'));
  mkdirSync(join(directory, 'forbidden'), { mode: 0o555 });
  mkdirSync(join(directory, 'nowhere'));
  symlinkSync(join(directory, 'nowhere', 'else'), join(directory, 'dangling'));
});

afterEach(() => rmSync(directory, { recursive: true }));

/** Root may write everywhere. */
async function withoutRights<T>(work: () => T | Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

const stores = [
  [
    'the log',
    (dir: string) => openIngestionLog({ dataDir: dir, onFatal: () => {} }),
    LogUnusableError,
  ],
  [
    'the Campaign service',
    (dir: string) => openOwnDatabase(dir, 'lock.db', 'Campaign service', 'BEGIN EXCLUSIVE'),
    DataFolderUnusableError,
  ],
  ['the Platform receiver', openBatchStore, DataFolderUnusableError],
] as const;

const folders: [what: string, path: string, reason: string | RegExp][] = [
  ['is a file', 'file', 'EEXIST'],
  ['is in a file', 'file/sub', 'ENOTDIR'],
  ['is a link that leads to itself', 'loop/sub', 'ELOOP'],
  ['is a link that leads nowhere', 'dangling/sub', 'ENOENT'],
  ['has too long a name', 'x'.repeat(300), 'ENAMETOOLONG'],
  ['may not be written', 'forbidden', /EACCES: permission denied, access|unable to open/],
  ['is in one that may not be written', 'forbidden/sub', 'EACCES: permission denied, mkdir'],
];

describe.each(stores)('a data folder of %s', (_whose, open, Unusable) => {
  it.each(['/proc/sluice', '/proc/sluice/data', '/dev/fd/sluice'])(
    'is not waited for in %s, where there can be none',
    async (dir) => {
      const error = await (async () => open(dir))().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Unusable);
      expect((error as Error).message).toMatch(/ENOENT|EACCES/);
    },
  );

  it('is made with all above it', async () => {
    const dir = join(directory, 'a/b/c');
    const opened = await open(dir);
    expect(statSync(dir).isDirectory()).toBe(true);
    await opened.close();
  });

  it.each(folders)(
    'that %s is told of in one line with what to do',
    async (_what, path, reason) => {
      const dir = join(directory, path);
      const error = await withoutRights(async () => open(dir)).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Unusable);
      const { message } = error as Error;
      expect(message).toContain(dir);
      expect(message).toMatch(reason);
      expect(message).toMatch(/^[^\n]*DATA_DIR[^\n]*\.$/);
    },
  );
});

it('a state file that may not be written is told of in one line', async () => {
  const path = join(directory, 'campaign.db');
  openState(path).close();
  chmodSync(path, 0o444);
  const opening = withoutRights(() => openState(path));
  await expect(opening).rejects.toThrow(StateUnusableError);
  await expect(opening).rejects.toThrow(/campaign\.db cannot be written \(.+\): .*DATA_DIR/);
});

it('a receiver’s file that is no database is told of with its path', () => {
  writeFileSync(join(directory, 'platform.db'), 'no database, and long enough to be read as one');
  expect(() => openBatchStore(directory)).toThrow(
    `${join(directory, 'platform.db')} is damaged or not a database: restore it from a backup, or move it away to start over.`,
  );
});
