import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes processes share compiled code, because tests start the same programs many times. */
export const compileCacheEnv = {
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(tmpdir(), 'sluice-test-compile-cache'),
};
