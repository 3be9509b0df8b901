import { availableParallelism } from 'node:os';
import { posix } from 'node:path';
import { toFiles, toGroups } from './jest.groups.js';

/** Of `test/gateway/`: in front of the real service already, or in need of none. CONTRIBUTING.md has the reasons. */
const WITHOUT_CAMPAIGN =
  'gateway/{embedded-faults,end-to-end,exposed-abuse,fan-out,faulty-campaign,given-platform,leak,sign-in-matrix}.test.js';

const args = process.argv.slice(2);

/** Whether files are named to be run: then each runs as it is, to be found by its path. */
const isSelective = args.some(
  (arg, index) => !arg.startsWith('-') && args[index - 1] !== '--selectProjects',
);

/** A project whose tests have some globals; its patterns are below `dist/test`, an exclamation mark leaves out. */
function toProject(displayName, globals, patterns) {
  const files = toFiles(patterns);
  const run = isSelective ? files : toGroups(displayName, files);
  return {
    rootDir: 'dist',
    displayName,
    testMatch: run.map((file) => `<rootDir>/${posix.join('test', file)}.test.js`),
    transform: {},
    testEnvironment: '<rootDir>/test/support/jest-environment.js',
    globals,
  };
}

/** @type {import('jest').Config} */
// biome-ignore lint/style/noDefaultExport: jest asks for it
export default {
  rootDir: 'dist',
  globalSetup: '<rootDir>/test/support/jest-setup.js',
  globalTeardown: '<rootDir>/test/support/jest-teardown.js',
  testSequencer: '<rootDir>/../jest.sequencer.js',
  // One more than there are cores: some tests wait more than they work.
  maxWorkers: availableParallelism() + 1,
  testTimeout: 20000,
  projects: [
    toProject('sqlite', { logDatabaseKind: 'sqlite' }, [
      '{*,!(gateway|groups)/**/*}.test.js',
      '../packages/*/test/**/*.test.js',
      'gateway/*.scripted.test.js',
      WITHOUT_CAMPAIGN,
      '!datasources/log/postgres/*.test.js',
    ]),
    toProject('postgres', { logDatabaseKind: 'postgres' }, [
      'datasources/log/{ingestion-log,log-invariants,start-log,watch-queue}.test.js',
      'datasources/log/postgres/*.test.js',
      'gateway/*.test.js',
      'ingestion/start-ingestion.test.js',
      'watch/{retrier,two-watchers}.test.js',
      '!gateway/{leak,sign-in-matrix}.test.js',
    ]),
    toProject('campaign', { logDatabaseKind: 'sqlite', upstreamKind: 'campaign' }, [
      'gateway/*.test.js',
      '!gateway/*.scripted.test.js',
      `!${WITHOUT_CAMPAIGN}`,
    ]),
  ],
};
