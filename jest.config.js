import { availableParallelism } from 'node:os';
import { posix } from 'node:path';
import { toFiles, toGroups } from './jest.groups.js';

/** Of `test/gateway/`: what the upstream decides is tested with the real one too. CONTRIBUTING.md has the reasons. */
const WITH_CAMPAIGN =
  'gateway/{activity,bad-subscription,drain{,-connections},idempotency,observed-request,retry-on-abort,subscription,turns}.test.js';

/** Of `test/gateway/`: neither the upstream nor the database decides it. CONTRIBUTING.md has the reasons. */
const ONCE = [
  'gateway/{bad-argument,bad-http,bad-operation,graphql-over-http,large-input,left-subscription,stock-clients,stream-error,websocket-misuse,websocket-protocol}.test.js',
  'gateway/{exposed-abuse,exposed-documents,exposed-http,fan-out,leak,local-only,operation-log,sign-in-matrix}.test.js',
  'gateway/{event-source,event-source.browser,graphql-sse,http-stream,multipart-subscription}.test.js',
  'gateway/{reserved-stream,stream-life,streams,unread-stream}.test.js',
  'gateway/{administration,embedded-faults,end-to-end,faulty-campaign,given-platform,subgraph}.test.js',
  'gateway/{batch,contract,secrets,upstream-failure}.scripted.test.js',
];

/** Whether files are named to be run: then each runs as it is, to be found by its path. */
function isSelective(args) {
  let option = '';
  return args.some((arg) => {
    if (arg.startsWith('-')) option = arg;
    return arg !== option && option !== '--selectProjects';
  });
}

/** A project whose tests have some globals; its patterns are below `dist/test`, an exclamation mark leaves out. */
function toProject(displayName, globals, patterns) {
  const files = toFiles(patterns);
  const run = isSelective(process.argv.slice(2)) ? files : toGroups(displayName, files);
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
  // More than there are cores: many tests wait more than they work.
  maxWorkers: availableParallelism() + 2,
  // Node keeps the modules of files that are done (https://github.com/jestjs/jest/issues/11956). A worker with more than
  // a gigabyte of them takes longer to end than jest waits.
  workerIdleMemoryLimit: '500MB',
  testTimeout: 20000,
  projects: [
    toProject('sqlite', { logDatabaseKind: 'sqlite' }, [
      '{*,!(gateway|groups)/**/*}.test.js',
      '../packages/*/test/**/*.test.js',
      'gateway/*.test.js',
      `!${WITH_CAMPAIGN}`,
      '!datasources/log/postgres/*.test.js',
    ]),
    toProject('postgres', { logDatabaseKind: 'postgres' }, [
      'datasources/log/{ingestion-log,log-invariants,start-log,watch-queue}{,.*}.test.js',
      'datasources/log/postgres/*.test.js',
      'gateway/*.test.js',
      'ingestion/start-ingestion{,.*}.test.js',
      'watch/{retries,two-watchers}{,.*}.test.js',
      ...ONCE.map((pattern) => `!${pattern}`),
    ]),
    toProject('campaign', { logDatabaseKind: 'sqlite', upstreamKind: 'campaign' }, [WITH_CAMPAIGN]),
  ],
};
