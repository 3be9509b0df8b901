import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { readApiKeys } from '../../src/config/api-keys.js';
import { watchApiKeys } from '../../src/config/api-keys-file.js';
import { createLogger } from '../../src/process/logger.js';
import { newApiKey } from '../../src/server/sign-in/api-keys.js';
import { askSocket, openSocket } from '../support/raw-socket.js';
import { startTestGateway } from '../support/test-gateway.js';

const one = newApiKey();
const other = newApiKey();

const toEntry = ({ sha256 }: typeof one, name: string, rights = ['ingestion:read']) => ({
  name,
  sha256,
  rights,
  mappings: ['*'],
});

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'api-keys-'));
  path = join(directory, 'keys.yaml');
  await write({ keys: [toEntry(one, 'one'), toEntry(other, 'other')] });
});
afterEach(() => rm(directory, { recursive: true }));

async function write(content: unknown): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(content));
  await rename(`${path}.new`, path);
}

it('is reloaded when it changes: removed callers are cut off, and others stay', async () => {
  const gateway = await startTestGateway('http://127.0.0.1:9', {
    signIn: { accessTokens: null, apiKeys: readApiKeys(path, []), apiKeysFile: path },
  });
  const open = async ({ key }: typeof one) => {
    const socket = await openSocket(gateway.url, { isGreeted: false });
    socket.send({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } });
    return socket;
  };
  const list = { query: '{ ingestionRequests { nodes { id } } }' };
  const ask = async ({ key }: typeof one) => {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify(list),
    });
    const { data = null } = (await response.json()) as { data?: unknown };
    return [response.status, data];
  };
  const empty = { ingestionRequests: { nodes: [] } };
  for (const key of [one, other, one, other]) expect(await ask(key)).toEqual([200, empty]);
  const typename = { data: { __typename: 'Query' } };
  const [first, second] = [await open(one), await open(other)];
  for (const socket of [first, second]) {
    expect(await socket.next()).toEqual({ type: 'connection_ack' });
  }

  await write({ keys: [toEntry(other, 'other')] });
  expect(await first.closed).toBe(4403);
  expect(await (await open(one)).closed).toBe(4401);
  expect(await ask(one)).toEqual([401, null]);
  expect(await ask(other)).toEqual([200, empty]);
  expect(await askSocket(second, { query: '{ __typename }' })).toEqual(typename);

  await write({ keys: [toEntry(one, 'one'), toEntry(other, 'other', ['metrics:read'])] });
  expect(await second.closed).toBe(4403);
  expect(await ask(other)).toEqual([200, null]);
  expect(await ask(one)).toEqual([200, empty]);
  const again = await open(other);
  expect(await again.next()).toEqual({ type: 'connection_ack' });
  expect(await askSocket(again, list)).toMatchObject({
    errors: [{ extensions: { code: 'FORBIDDEN' } }],
  });
  expect(await (await open(one)).next()).toEqual({ type: 'connection_ack' });
  await gateway.stop();
});

it('keeps its last state while it is unusable, and tells the operator', async () => {
  const line = Promise.withResolvers<string>();
  const read: (readonly string[])[] = [];
  const again = Promise.withResolvers<void>();
  const stop = watchApiKeys(
    path,
    (keys) => {
      read.push(keys.map(({ name }) => name));
      if (read.length === 2) again.resolve();
    },
    createLogger('info', { write: line.resolve }),
  );
  await write({ keys: [{ ...toEntry(one, 'one'), sha256: one.key }] });
  const told = await line.promise;
  expect(JSON.parse(told)).toMatchObject({
    level: 50,
    msg: 'API_KEYS_FILE has changed and cannot be used; the previous keys stay valid',
    faults: [expect.stringMatching(/line 1: keys\.0\.sha256: expected the SHA-256 of the key/)],
  });
  expect(told).not.toContain(one.key);
  await write({ keys: [toEntry(other, 'other')] });
  await again.promise;
  expect(read).toEqual([['one', 'other'], ['other']]);
  stop();
});
