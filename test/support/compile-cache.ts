import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes a process find compiled what another one compiled: tests start the same programs over and over. */
export const compileCacheEnv = {
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(tmpdir(), 'sluice-test-compile-cache'),
};
