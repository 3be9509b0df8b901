import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { measureSize, takenParts } from './support/bundle-size.js';

/** Under which the resuming part stays, minified and compressed, in bytes. */
const MAX_RESUMABLE_BYTES = 4_096;

/** What a project has that uses all of it. */
const PEERS = [
  'graphql-ws',
  'graphql',
  'react',
  'ws',
  '@apollo/client',
  'rxjs',
  '@types/react',
  '@types/node',
];

const APP = `
import { createSluiceClient, resumable, type Connection } from '@sluice/client';
import { possibleTypes, typePolicies } from '@sluice/client/apollo';
import { IngestionStatusDocument, type IngestionStatusQuery } from '@sluice/client/operations';
import { SluiceProvider, useActivity, useIngestion, useStartIngestion } from '@sluice/client/react';
import { startScriptedServer, type ScriptedServer } from '@sluice/client/testing';
import { InMemoryCache } from '@apollo/client';
import { createClient } from 'graphql-ws';

const client = resumable(createClient({ url: 'ws://127.0.0.1:1', lazy: true }));
const connection: Connection = client.connection.get();
const sluice = createSluiceClient({ url: 'http://127.0.0.1:1/graphql' });
const answer = (): Promise<IngestionStatusQuery> =>
  sluice.request(IngestionStatusDocument, { mappingId: 'XDM44', requestId: '1' });
const useAll = () => [useIngestion(null).status, useActivity({ limit: 1 }).error, useStartIngestion().attempt.state];
new InMemoryCache({ possibleTypes, typePolicies });
const server: ScriptedServer = await startScriptedServer();
await server.close();
console.log(connection.state, typeof answer, typeof useAll, typeof SluiceProvider);
`;

let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'sluice-client-'));
});

afterAll(() => rm(home, { recursive: true, force: true }));

async function run(program: string, args: readonly string[], cwd = home): Promise<string> {
  const env = { ...process.env, npm_config_offline: 'true' };
  return (await promisify(execFile)(program, args, { cwd, env })).stdout;
}

/** As it is here: nothing is fetched. */
async function link(name: string): Promise<void> {
  const path = join(home, 'node_modules', name);
  await mkdir(dirname(path), { recursive: true });
  await symlink(resolve('node_modules', name), path);
}

describe('the package', () => {
  it('installs into an empty project, where all of it compiles and runs', async () => {
    const core = '@graphql-typed-document-node/core';
    await run(
      'npm',
      ['pack', '--silent', '--ignore-scripts', '--pack-destination', home],
      resolve('packages/client'),
    );
    const dependencies = {
      '@sluice/client': 'file:sluice-client-0.1.0.tgz',
      [core]: `file:${resolve('node_modules', core)}`,
    };
    await writeFile(join(home, 'package.json'), JSON.stringify({ type: 'module', dependencies }));
    await run('npm', ['install', '--legacy-peer-deps', '--no-audit', '--no-fund']);
    for (const peer of PEERS) await link(peer);
    await writeFile(join(home, 'app.ts'), APP);
    const strict = ['--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', 'false'];
    const options = ['--module', 'nodenext', '--target', 'es2022', '--types', 'node', ...strict];
    const faults = await run(resolve('node_modules/.bin/tsc'), [...options, 'app.ts']).catch(
      ({ stdout }) => stdout as string,
    );
    // Declarations of other packages have faults of their own.
    expect(faults.split('\n').filter((fault) => /^(app|node_modules)/.test(fault))).toEqual([]);
    expect(await run(process.execPath, ['app.js'])).toBe('idle function function function\n');

    const schema = join(home, 'node_modules/@sluice/client/dist/schema.graphql');
    expect(await readFile(schema, 'utf8')).toBe(await readFile('schema.graphql', 'utf8'));
  }, 60_000);

  it('costs an app no more than it says for the part that resumes', async () => {
    const { gzipped } = await measureSize(takenParts.resumable);
    expect(gzipped).toBeLessThanOrEqual(MAX_RESUMABLE_BYTES);
  });
});
