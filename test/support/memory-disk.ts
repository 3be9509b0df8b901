import { constants } from 'node:fs';
import { access, mkdir, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** Where Linux keeps files in memory. */
const MEMORY_DIR = '/dev/shm';

/** Several times what a whole test run writes. Containers often have 64 MB. */
const ENOUGH_BYTES = 4 * 1024 ** 3;

const NAME = /^sluice-tests-(\d+)$/;

/** A directory for files of tests, which is deleted at the end. */
export interface MemoryDisk extends AsyncDisposable {
  readonly dir: string;
}

/**
 * Create a directory in memory: tests kill processes but never cut the power, so their writes need not wait for a disk.
 *
 * @returns null if there is no such place, or not enough room
 */
export async function createMemoryDisk(): Promise<MemoryDisk | null> {
  if (!(await hasRoom())) return null;
  await deleteLeftOver();
  const dir = join(MEMORY_DIR, `sluice-tests-${process.pid}`);
  await mkdir(dir, { recursive: true });
  return {
    dir,
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true, maxRetries: 3 }),
  };
}

async function hasRoom(): Promise<boolean> {
  try {
    await access(MEMORY_DIR, constants.W_OK);
    const { bavail, bsize } = await statfs(MEMORY_DIR);
    return bavail * bsize >= ENOUGH_BYTES;
  } catch {
    return false;
  }
}

/** Killed runs leave their directory in memory. */
async function deleteLeftOver(): Promise<void> {
  for (const name of await readdir(MEMORY_DIR)) {
    const pid = Number(NAME.exec(name)?.[1]);
    if (pid && !isRunning(pid)) await rm(join(MEMORY_DIR, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
