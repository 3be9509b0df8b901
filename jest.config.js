import { availableParallelism } from 'node:os';

/** Of `test/gateway/`: what the upstream decides is tested with the real one too. CONTRIBUTING.md has the reasons. */
const WITH_CAMPAIGN =
  'test/gateway/{activity,bad-subscription,drain,drain-connections,idempotency,observed-request,retry-on-abort,subscription,turns}.test.js';

/** Of `test/gateway/`: neither the upstream nor the database decides it. CONTRIBUTING.md has the reasons. */
const ONCE = [
  'test/gateway/{bad-argument,bad-http,bad-operation,graphql-over-http,large-input,left-subscription,stock-clients,stream-error,websocket-misuse,websocket-protocol}.test.js',
  'test/gateway/{exposed-abuse,exposed-documents,exposed-http,fan-out,leak,local-only,operation-log,sign-in-matrix}.test.js',
  'test/gateway/{event-source,event-source.browser,graphql-sse,http-stream,multipart-subscription}.test.js',
  'test/gateway/{reserved-stream,stream-life,streams,unread-stream}.test.js',
  'test/gateway/{administration,embedded-faults,end-to-end,faulty-campaign,given-platform,subgraph}.test.js',
  'test/gateway/{batch,contract,secrets,upstream-failure}.scripted.test.js',
];

/** A project whose tests have some globals; an exclamation mark leaves out. */
function toProject(displayName, globals, patterns) {
  return {
    rootDir: 'dist',
    displayName,
    testMatch: patterns.map((pattern) => pattern.replace(/^!?/, '$&**/')),
    transform: {},
    testEnvironment: '<rootDir>/test/support/jest-environment.js',
    testRunner: '<rootDir>/test/support/jest-test-runner.js',
    globals: { upstreamKind: 'scripted', ...globals },
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
  maxWorkers: availableParallelism() + 3,
  // On a busy machine, they need longer than the half second that is usual.
  workerGracefulExitTimeout: 5_000,
  testTimeout: 20000,
  projects: [
    toProject('sqlite', { logDatabaseKind: 'sqlite' }, [
      'test/**/*.test.js',
      'packages/*/test/**/*.test.js',
      `!${WITH_CAMPAIGN}`,
      '!test/datasources/log/postgres/*.test.js',
    ]),
    toProject('postgres', { logDatabaseKind: 'postgres' }, [
      'test/datasources/log/{ingestion-log,log-invariants,start-log,watch-queue}{,.*}.test.js',
      'test/datasources/log/postgres/*.test.js',
      'test/gateway/*.test.js',
      'test/ingestion/start-ingestion{,.*}.test.js',
      'test/watch/{retries,two-watchers}{,.*}.test.js',
      ...ONCE.map((pattern) => `!${pattern}`),
    ]),
    toProject('campaign', { logDatabaseKind: 'sqlite', upstreamKind: 'campaign' }, [WITH_CAMPAIGN]),
  ],
};
