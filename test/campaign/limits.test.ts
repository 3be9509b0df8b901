import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createFixedCredentials } from '../../src/campaign/http/credentials.js';
import { readApiKeysFrom, readClientsFrom } from '../../src/campaign/http/credentials-file.js';
import { createDrivenClock } from './support/driven-clock.js';
import { createWorkspace, mappingYaml, startService } from './support/running-service.js';
import { API_KEY, CLIENT, createServiceClient, ingestPath } from './support/service-client.js';

const files = { 'a.yaml': mappingYaml('M', { publication: 'unpublished' }) };

describe('the SQL function execution role', () => {
  it('is not needed for a status', async () => {
    await using space = await createWorkspace(files);
    const credentials = createFixedCredentials(API_KEY, [{ ...CLIENT, roles: [] }]);
    await using service = await startService({ ...space, credentials });
    expect((await service.get('M', 1)).httpStatus).toBe(404);
  });
});

describe('limits of use', () => {
  it('allow as many calls as a second adds, plus the rest of the last one', async () => {
    await using space = await createWorkspace(files);
    const clock = createDrivenClock();
    const usageLimits = { maxCallsPerSecond: 2, maxCallsPerDay: null };
    await using service = await startService({ ...space, clock, usageLimits });
    const statuses = async (calls: number) => {
      const answers = [];
      for (let call = 0; call < calls; call += 1) answers.push(await service.get('M', 1));
      return answers.map(({ httpStatus }) => httpStatus);
    };
    expect(await statuses(3)).toEqual([404, 404, 429]);
    clock.advance(500);
    expect(await statuses(2)).toEqual([404, 429]);
    clock.advance(60_000);
    expect(await statuses(3)).toEqual([404, 404, 429]);
  });

  it('of a day last until midnight', async () => {
    await using space = await createWorkspace(files);
    const midnight = Date.UTC(2026, 0, 2);
    const clock = createDrivenClock(midnight - 90_000);
    const usageLimits = { maxCallsPerSecond: null, maxCallsPerDay: 1 };
    await using service = await startService({ ...space, clock, usageLimits });
    expect((await service.get('M', 1)).httpStatus).toBe(404);
    clock.advance(89_999);
    expect((await service.get('M', 1)).httpStatus).toBe(429);
    clock.advance(1);
    expect((await service.get('M', 1)).httpStatus).toBe(404);
  });

  it('do not count calls without a valid key', async () => {
    await using space = await createWorkspace(files);
    const usageLimits = { maxCallsPerSecond: null, maxCallsPerDay: 1 };
    await using service = await startService({
      ...space,
      clock: createDrivenClock(),
      usageLimits,
    });
    await service.call(ingestPath('M'), { headers: { 'x-api-key': 'wrong' } });
    expect((await service.get('M', 1)).httpStatus).toBe(404);
  });
});

describe('credentials in files', () => {
  const clientsYaml = (roles: string) =>
    `clients: [{ clientId: client-1, clientSecret: secret-1-secret-1, roles: [${roles}] }]`;

  async function startWithFiles() {
    const space = await createWorkspace(files);
    const keys = join(space.mappingsDir, 'keys.txt');
    const clients = join(space.mappingsDir, 'clients.txt');
    await writeFile(keys, '# ours\nkey-1\n');
    await writeFile(clients, clientsYaml('sqlFunctionExecution'));
    const credentials = { apiKeys: readApiKeysFrom(keys), clients: readClientsFrom(clients) };
    return { space, keys, clients, credentials };
  }

  const signedIn = (url: string) =>
    createServiceClient(url, { ...CLIENT, clientSecret: 'secret-1-secret-1' });

  it('are reloaded when they change: roles, keys and clients come and go', async () => {
    const { space, keys, clients, credentials } = await startWithFiles();
    await using _space = space;
    await using service = await startService({ ...space, credentials });
    const client = await signedIn(service.url);
    expect((await client.post('M')).text).toContain('is not published');
    await writeFile(clients, clientsYaml(''));
    expect((await client.post('M')).json).toMatchObject({ error_code: '403023' });
    await writeFile(clients, 'clients: []');
    expect((await client.post('M')).json).toMatchObject({ error_code: '401013' });
    await writeFile(keys, 'another-key\n');
    expect((await client.post('M')).json).toMatchObject({ error_code: '403003' });
  });

  it('admit nobody while they cannot be read, and then do again', async () => {
    const { space, keys, clients, credentials } = await startWithFiles();
    await using _space = space;
    await using service = await startService({ ...space, credentials });
    const client = await signedIn(service.url);
    await rename(clients, `${clients}.away`);
    const noToken = await client.call(
      '/ims/token/v3?grant_type=client_credentials&client_id=a&client_secret=b',
      { method: 'POST' },
    );
    expect([noToken.httpStatus, noToken.json]).toMatchObject([
      503,
      { error: 'temporarily_unavailable' },
    ]);
    expect((await client.get('M', 1)).httpStatus).toBe(503);
    await writeFile(keys, '# none');
    expect((await client.get('M', 1)).httpStatus).toBe(503);
    await writeFile(keys, API_KEY);
    await rename(`${clients}.away`, clients);
    expect((await client.get('M', 1)).httpStatus).toBe(404);
  });

  it.each<[string, string, RegExp]>([
    ['clients: []\nkeys: []', 'key-1', /clients\.txt: : Unrecognized key: "keys"/],
    [clientsYaml('root'), 'key-1', /clients\.txt: clients\.0\.roles\.0: Invalid option/],
    [
      'clients: [{ clientId: a, clientSecret: short, roles: [] }]',
      'key-1',
      /clients\.0\.clientSecret: expected at least 16 characters/,
    ],
    [clientsYaml(''), '# none\n', /keys\.txt: it contains no key/],
  ])('stop the start where they are wrong: %j, %j', async (clientsText, keysText, message) => {
    const { space, keys, clients, credentials } = await startWithFiles();
    await using _space = space;
    await writeFile(clients, clientsText);
    await writeFile(keys, keysText);
    await expect(startService({ ...space, credentials })).rejects.toThrow(message);
  });
});
