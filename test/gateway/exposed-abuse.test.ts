import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { privateExposure } from '../support/exposure.js';
import { readMetric } from '../support/metrics.js';
import { askSocket, openSocket, type RawSocket } from '../support/raw-socket.js';
import { startTestUpstream } from '../support/start-test-upstream.js';
import { startTestGateway, type TestGateway } from '../support/test-gateway.js';
import type { TestUpstream } from '../support/test-upstream.js';

const query = '{ __typename }';
const data = { __typename: 'Query' };

let upstream: TestUpstream;
beforeAll(async () => {
  upstream = await startTestUpstream();
});
afterAll(() => upstream.close());

describe('a client that does not read its answers', () => {
  let gateway: TestGateway;
  let good: RawSocket;
  beforeAll(async () => {
    gateway = await startTestGateway(upstream.config);
    good = await openSocket(gateway.url);
  });
  afterAll(async () => {
    await good.close();
    await gateway.stop();
  });

  /** Far more than may be buffered for one socket, including what is in progress when reading stops. */
  const MAX_WAITING_BYTES = 24 * 1024 * 1024;

  const floods: [string, number, (socket: RawSocket, index: number) => void][] = [
    [
      'queries',
      3_000,
      (socket, index) =>
        socket.send({
          type: 'subscribe',
          id: String(index),
          payload: {
            query: '{ __schema { types { name description fields { name description } } } }',
          },
        }),
    ],
    [
      'pings of the protocol',
      20_000,
      (socket) => socket.send({ type: 'ping', payload: { x: 'x'.repeat(1_000) } }),
    ],
    ['pings of the WebSocket', 100_000, (socket) => socket.webSocket.ping('x'.repeat(125))],
  ];

  it.each(floods)(
    'is not read from while it floods the socket with %s',
    async (_what, count, send) => {
      const bad = await openSocket(gateway.url);
      bad.webSocket.pause();
      for (let index = 0; index < count; index += 1) send(bad, index);
      // Sent after the flood: once it is answered, everything read of the flood has been handled.
      for (let round = 0; round < 20; round += 1) {
        expect(await askSocket(good, { query })).toEqual({ data });
        const waiting = await readMetric(gateway.url, 'sluice_websocket_buffered_bytes');
        expect(waiting).toBeLessThan(MAX_WAITING_BYTES);
      }
      bad.webSocket.terminate();
      await bad.closed;
    },
  );
});

describe('a list of allowed operations', () => {
  const hash = createHash('sha256').update(query).digest('hex');
  const subscription = 'subscription { ingestionActivity { to } }';
  const manifests = [
    ['of GraphQL Code Generator', { [`sha256:${hash}`]: query, sub: subscription }],
    [
      'of Apollo',
      {
        format: 'apollo-persisted-query-manifest',
        version: 1,
        operations: [
          { id: hash, name: 'A', type: 'query', body: query },
          { id: 'sub', name: 'B', type: 'subscription', body: subscription },
        ],
      },
    ],
  ] as const;

  describe.each(manifests)('%s', (_whose, manifest) => {
    let gateway: TestGateway;
    let socket: RawSocket;
    let directory: string;
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'manifest-'));
      const file = join(directory, 'operations.json');
      await writeFile(file, JSON.stringify(manifest));
      gateway = await startTestGateway(upstream.config, {
        exposure: { ...privateExposure, persistedOperationsFile: file },
      });
      socket = await openSocket(gateway.url);
    });
    afterAll(async () => {
      await socket.close();
      await gateway.stop();
      await rm(directory, { recursive: true });
    });

    async function post(body: unknown): Promise<unknown> {
      const response = await fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return response.json();
    }
    async function get(params: Record<string, string>): Promise<unknown> {
      const url = `${gateway.url}/graphql?${new URLSearchParams(params)}`;
      return (await fetch(url, { headers: { 'apollo-require-preflight': '1' } })).json();
    }
    const persistedQuery = { version: 1, sha256Hash: hash };
    const refused = {
      errors: [
        {
          message: 'The operator allows only listed operations, and this is not one.',
          extensions: { code: 'OPERATION_NOT_ALLOWED' },
        },
      ],
    };

    it('allows its operations by text or hash, over HTTP and WebSocket', async () => {
      expect(await post({ query })).toEqual({ data });
      expect(await post({ documentId: hash })).toEqual({ data });
      expect(await post({ documentId: `sha256:${hash}` })).toEqual({ data });
      expect(await post({ extensions: { persistedQuery } })).toEqual({ data });
      expect(await get({ documentId: hash })).toEqual({ data });
      expect(await get({ extensions: JSON.stringify({ persistedQuery }) })).toEqual({ data });
      expect(await askSocket(socket, { query })).toEqual({ data });
      expect(await askSocket(socket, { query: '', documentId: hash })).toEqual({ data });
      expect(await askSocket(socket, { query: '', extensions: { persistedQuery } })).toEqual({
        data,
      });
    });

    const others: [string, Record<string, unknown>][] = [
      ['another text', { query: '{ __typename __typename }' }],
      ['a text that differs by a blank', { query: `${query} ` }],
      ['another text with the hash of one', { query: '{ a: __typename }', documentId: hash }],
      [
        'another text that is to be learnt',
        { query: '{ a: __typename }', extensions: { persistedQuery } },
      ],
      ['another hash', { query: '', documentId: 'x' }],
      ['a name that every object has', { query: '', documentId: 'constructor' }],
      ['nothing', { query: '' }],
      ['the schema', { query: '{ __schema { types { name } } }' }],
    ];

    it.each(others)('allows nothing else: %s', async (_what, operation) => {
      expect(await post(operation)).toEqual(refused);
      expect(await askSocket(socket, operation)).toEqual(refused);
    });
  });
});
