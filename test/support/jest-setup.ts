import { compileCacheEnv } from './compile-cache.js';
import { sharePostgres } from './shared-postgres.js';

/** Begin a test run. What is set in the environment here, every process of the run has. */
export default async function setUp(): Promise<void> {
  Object.assign(process.env, compileCacheEnv);
  await sharePostgres();
}
