import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { startEmbeddedUpstream } from '../src/embedded-upstream.js';
import { LogUnavailableError } from '../src/ingestion/gateway-error.js';
import { toPrintableError } from '../src/printable-error.js';
import { createWorkspace, mappingYaml } from './campaign/support/running-service.js';
import { silentLogger } from './support/silent-logger.js';
import { startTestGateway } from './support/test-gateway.js';

/** What is told of a start that fails. */
function toldOf(start: Promise<unknown>): Promise<Error | string> {
  return start.then(() => 'It started.', toPrintableError);
}

function startEmbedded(dataDir: string, mappingsDir: string, faultsFile: string | null = null) {
  return startEmbeddedUpstream(
    { dataDir, mappingsDir, faultsFile, retentionDays: 90, environment: {}, platform: null },
    silentLogger,
  );
}

it('says in one line, with the database’s own words, that the log cannot be used now', () => {
  const cause = new Error('too many connections for database "sluice"');
  expect(toPrintableError(new LogUnavailableError('The database is away.', { cause }))).toBe(
    'The log cannot be used now (too many connections for database "sluice"). Check DATABASE_URL, or DATA_DIR, and how many connections the database, the user and a pooler allow.',
  );
});

it('says in one line that its host is no address here', async () => {
  expect(await toldOf(startTestGateway('http://127.0.0.1:1', { host: '192.0.2.1' }))).toBe(
    'HOST=192.0.2.1 is not an address of this machine.',
  );
});

describe('with the embedded service', () => {
  it('says in one line that its data folder is a file', async () => {
    await using space = await createWorkspace({ 'm.yaml': mappingYaml('M') });
    const file = join(space.mappingsDir, 'm.yaml');
    expect(await toldOf(startEmbedded(file, space.mappingsDir))).toBe(
      `${file}/platform cannot be used (ENOTDIR: not a directory, mkdir '${file}/platform'): set DATA_DIR to a folder that can be written.`,
    );
  });

  it('says what is wrong with its plan of faults', async () => {
    await using space = await createWorkspace();
    const plan = join(space.mappingsDir, 'faults.yaml');
    await writeFile(plan, 'faults:\n  - { on: stop, do: drop }\n');
    const told = await toldOf(startEmbedded(space.dataDir, space.mappingsDir, plan));
    expect(String(told).split('\n').slice(0, 2)).toEqual([
      'The fault plan is wrong:',
      `  ${plan}:2: faults.0.on: Invalid option: expected one of "start"|"status"|"token"`,
    ]);
  });
});

it('has a stack of what nobody foresaw', () => {
  const error = new Error('never foreseen');
  expect(toPrintableError(error)).toBe(error);
});
