import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { startAnswers, statusAnswers } from '../support/campaign-answers.js';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.js';
import { askSocket, openSocket } from '../support/raw-socket.js';
import {
  json,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.js';
import { frames, mutated, payloads, requests, type Sent } from './fuzzed-requests.js';

/** In its own process, which exits on an unhandled rejection. */
let gateway: GatewayProcess;
let url: string;
let upstream: ScriptedUpstream;
let dataDir: string;
const agent = new Agent({ keepAlive: true });

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  upstream.otherwise((response, call) =>
    json(
      200,
      call.method === 'POST'
        ? startAnswers.submitted('XDM44', 3520)
        : statusAnswers.inProgress('XDM44', 3520),
    )(response, call),
  );
  dataDir = await mkdtemp(join(tmpdir(), 'fuzz-'));
  gateway = startGatewayProcess({ upstreamUrl: upstream.url, dataDir });
  url = await gateway.url;
});

afterAll(async () => {
  agent.destroy();
  gateway.child.kill();
  await gateway.ended;
  await upstream.close();
  await rm(dataDir, { recursive: true });
});

const seed = 20_261;

/** The documented codes, except the one for an internal error. */
const documentedCodes = new Set(
  [...readFileSync('docs/errors.md', 'utf8').matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(
    ([, code]) => code,
  ),
);
documentedCodes.delete('INTERNAL_SERVER_ERROR');

/** A stack, or the path of a source file. */
const INSIDE = /\\n\s+at |\n\s+at |node_modules|\/dist\/|\.[jt]s:\d+|file:\/\//;

/** The text reveals no internals, and each of its errors has a documented code. */
function checkTold(text: string): void {
  expect(text).not.toMatch(INSIDE);
  for (const [, code] of text.matchAll(/"code":"([A-Z_]+)"/g)) {
    if (!documentedCodes.has(code ?? '')) throw new Error(`The code ${code}: ${text}`);
  }
}

async function send({ method, path, headers, body }: Sent): Promise<number> {
  const asked = httpRequest(`${url}${path}`, {
    method,
    agent,
    headers: { ...headers, 'content-length': Buffer.byteLength(body) },
  });
  asked.end(body);
  const [response] = await once(asked, 'response');
  checkTold(await readText(response));
  expect(response.statusCode).toBeLessThan(500);
  return response.statusCode;
}

it('survives any HTTP request', async () => {
  const property = fc.asyncProperty(requests, async (sent) => void (await send(sent)));
  await fc.assert(property, { seed, numRuns: 300 });
});

it('survives any GraphQL document, with any variables', async () => {
  const headers = { 'content-type': 'application/json' };
  const property = fc.asyncProperty(payloads, async (payload) => {
    await send({ method: 'POST', path: '/graphql', headers, body: JSON.stringify(payload) });
  });
  await fc.assert(property, { seed, numRuns: 300 });
});

/** Send raw bytes, and wait until the gateway closes the connection. */
async function sendBytes(bytes: readonly (string | Uint8Array)[]): Promise<void> {
  const { hostname, port } = new URL(url);
  const connection = connect(Number(port), hostname);
  // The gateway may close before everything is sent.
  connection.on('error', () => {});
  const chunks: Buffer[] = [];
  connection.on('data', (chunk) => chunks.push(chunk));
  const closed = once(connection, 'close');
  for (const part of bytes) connection.write(part);
  connection.end();
  await closed;
  const told = Buffer.concat(chunks).toString('latin1');
  expect(told).not.toMatch(/^HTTP\/1\.1 5/);
  checkTold(told);
}

const wellFormed =
  'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 25\r\nconnection: close\r\n\r\n{"query":"{ __typename }"}';

it('survives any bytes in place of a request', async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    mutated([...wellFormed], ''),
    mutated(wellFormed.split('\r\n'), '\r\n'),
  );
  const property = fc.asyncProperty(bytes, (some) => sendBytes([some]));
  await fc.assert(property, { seed, numRuns: 100 });
});

it('survives any bytes in place of frames', async () => {
  const upgrade = `GET /graphql HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${randomBytes(16).toString('base64')}\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n`;
  const property = fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 100 }), (bytes) =>
    sendBytes([upgrade, bytes]),
  );
  await fc.assert(property, { seed, numRuns: 100 });
});

/** The close codes that clients can act on; 1007 and 1009 come from the WebSocket itself. */
const closeCodes = [1005, 1007, 1009, 4400, 4401, 4406, 4409, 4429];

it('survives any frames, in any order', async () => {
  const sequences = fc.array(frames, { maxLength: 12 });
  const property = fc.asyncProperty(fc.boolean(), sequences, async (isGreeted, sequence) => {
    const socket = await openSocket(url, { isGreeted });
    for (const frame of sequence) socket.send(frame);
    // Once this is answered, everything before it has been handled, unless the socket is closed by then.
    const sentinel = { sentinel: 'the last' };
    socket.send({ type: 'ping', payload: sentinel });
    for (;;) {
      const message = await socket.next().catch(() => null);
      if (message === null) break;
      checkTold(JSON.stringify(message));
      if (JSON.stringify(message.payload) === JSON.stringify(sentinel)) break;
    }
    socket.webSocket.close();
    expect(closeCodes).toContain(await socket.closed);
  });
  await fc.assert(property, { seed, numRuns: 100 });
});

it('has reported no internal error by then, and serves a good client', async () => {
  const body = JSON.stringify({ query: '{ __typename }' });
  const headers = { 'content-type': 'application/json' };
  expect(await send({ method: 'POST', path: '/graphql', headers, body })).toBe(200);
  const socket = await openSocket(url);
  const query = '{ ingestionStatus(mappingId: "XDM44", requestId: "3520") { status } }';
  expect(await askSocket(socket, { query })).toEqual({
    data: { ingestionStatus: { status: 'IN_PROGRESS' } },
  });
  await socket.close();
  expect(gateway.complaints).toEqual([]);
});
