import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system with little room. */
export interface SmallDisk extends Disposable {
  readonly dir: string;
  /** Use up all the room that is left. */
  fill(): void;
  /** Free it again. */
  clear(): void;
}

const BLOCK_BYTES = 4_096;

/** Mount one; null if this user may not mount. */
export function mountSmallDisk(sizeBytes: number): SmallDisk | null {
  const dir = mkdtempSync(join(tmpdir(), 'small-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', dir]);
  if (mounted.status !== 0) {
    rmdirSync(dir);
    return null;
  }
  const ballast = join(dir, 'ballast');
  return {
    dir,
    fill() {
      try {
        for (;;) appendFileSync(ballast, Buffer.alloc(BLOCK_BYTES));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    },
    clear: () => rmSync(ballast),
    [Symbol.dispose]() {
      spawnSync('umount', ['--lazy', dir]);
      rmdirSync(dir);
    },
  };
}
