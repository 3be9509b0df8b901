import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { type Config, ConfigError, parseConfig } from '../../src/config.js';

/** Everything that an upstream on another machine needs. */
export const remote = {
  CAMPAIGN_URL: 'https://mc.adobe.io',
  CAMPAIGN_ORGANIZATION: 'acme',
  CAMPAIGN_API_KEY: 'planted-key',
  CAMPAIGN_ACCESS_TOKEN: 'planted-token',
};

/** The same with client credentials. */
export const credentials = {
  ...remote,
  CAMPAIGN_ACCESS_TOKEN: '',
  IMS_CLIENT_ID: 'client',
  IMS_CLIENT_SECRET: 'planted-secret',
};

/** Everything that a sign-in with access tokens needs. */
export const tokens = {
  AUTH_JWKS_URL: 'https://issuer.test/keys',
  AUTH_ISSUER: 'https://issuer.test/',
  AUTH_AUDIENCE: 'sluice',
};

/** Give each test of a file a folder of its own to read settings in. */
export function setUpSettings() {
  let directory: string;
  const warnings: string[] = [];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-config-'));
    warnings.length = 0;
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const envFile = () => join(directory, '.env');
  const parse = (environment: Record<string, string>): Config =>
    parseConfig(environment, envFile(), (warning) => warnings.push(warning));

  /** Write a file into the folder; returns its path. */
  function write(name: string, text: string): string {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  }

  /** What is wrong with settings, a line each; none if they are accepted. */
  function issuesOf(environment: Record<string, string>): readonly string[] {
    try {
      parse(environment);
      return [];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      expect(error.message.split('\n')).toEqual([
        'These settings must be corrected:',
        ...error.issues.map((issue) => `  ${issue}`),
      ]);
      return error.issues;
    }
  }

  return { directory: () => directory, warnings, envFile, write, parse, issuesOf };
}
