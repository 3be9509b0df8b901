import { availableParallelism } from 'node:os';

/** @type {import('jest').Config} */
// biome-ignore lint/style/noDefaultExport: jest asks for it
export default {
  rootDir: 'dist',
  globalSetup: '<rootDir>/test/support/jest-setup.js',
  globalTeardown: '<rootDir>/test/support/jest-teardown.js',
  // One more than there are cores: some tests wait more than they work.
  maxWorkers: availableParallelism() + 1,
  testTimeout: 20000,
  projects: [
    {
      rootDir: 'dist',
      displayName: 'sqlite',
      roots: ['<rootDir>/test'],
      testMatch: [
        '**/*.test.js',
        '!**/gateway/*.test.js',
        '**/gateway/*.scripted.test.js',
        '**/gateway/{embedded-faults,end-to-end,exposed-abuse,fan-out,faulty-campaign,given-platform,leak,sign-in-matrix}.test.js',
      ],
      testPathIgnorePatterns: ['/log/postgres/'],
      transform: {},
      testEnvironment: 'node',
      globals: {
        logDatabaseKind: 'sqlite',
      },
    },
    {
      rootDir: 'dist',
      displayName: 'postgres',
      testMatch: [
        '<rootDir>/test/datasources/log/**/{ingestion-log,log-invariants,start-log,postgres-*}.test.js',
        '<rootDir>/test/gateway/*.test.js',
        '<rootDir>/test/ingestion/start-ingestion.test.js',
        '<rootDir>/test/watch/{retrier,two-watchers}.test.js',
      ],
      testPathIgnorePatterns: ['/gateway/(leak|sign-in-matrix)'],
      transform: {},
      testEnvironment: 'node',
      globals: {
        logDatabaseKind: 'postgres',
      },
    },
    {
      rootDir: 'dist',
      displayName: 'campaign',
      testMatch: ['<rootDir>/test/gateway/*.test.js'],
      testPathIgnorePatterns: [
        '\\.scripted\\.test',
        '/gateway/(embedded-faults|end-to-end|exposed-abuse|fan-out|faulty-campaign|given-platform|leak|sign-in-matrix)',
      ],
      transform: {},
      testEnvironment: 'node',
      globals: {
        logDatabaseKind: 'sqlite',
        upstreamKind: 'campaign',
      },
    },
  ],
};
