import { compileCacheEnv } from './compile-cache.js';
import { createMemoryDisk } from './memory-disk.js';
import { sharePostgres } from './shared-postgres.js';
import { tearDown } from './tear-down.js';

/** Begin a test run. Every process of the run inherits the environment set here. */
export default async function setUp(): Promise<void> {
  Object.assign(process.env, compileCacheEnv);
  const disk = process.env.TMPDIR ? null : await createMemoryDisk();
  if (disk) {
    process.env.TMPDIR = disk.dir;
    tearDown.use(disk);
  }
  tearDown.use(await sharePostgres());
}
