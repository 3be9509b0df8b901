import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { readMetric } from '../support/metrics.js';
import { openSocket } from '../support/raw-socket.js';
import { shareGateway } from '../support/shared-gateway.js';

const { upstream, gateway } = shareGateway();
let port: string;

beforeAll(async () => {
  ({ port } = new URL(gateway.url));
});

const START = JSON.stringify({
  query: 'mutation { startIngestion(input: { mappingId: "XDM44" }) { __typename } }',
});
const startCount = () => upstream.calls.filter(({ operation }) => operation === 'start').length;

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
}

/** Send these headers, `Host` included, which fetch would overwrite. */
async function ask(
  path: string,
  headers: Record<string, string> = {},
  { method = 'GET', body = '' } = {},
): Promise<Answer> {
  const asked = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false });
  asked.end(body);
  const answered = once(asked, 'response') as Promise<[IncomingMessage]>;
  const upgraded = once(asked, 'upgrade').then(([response, connection]) => {
    connection.destroy();
    return [response] as [IncomingMessage];
  });
  const [response] = await Promise.race([answered, upgraded]);
  const { statusCode: status = 0 } = response;
  if (status === 101) return { status, code: undefined };
  const text = await readText(response);
  return { status, code: text.startsWith('{"errors"') ? codeOf(text) : undefined };
}

const codeOf = (text: string): string => JSON.parse(text).errors[0].extensions.code;

const post = (headers: Record<string, string>) =>
  ask(
    '/graphql',
    { 'content-type': 'application/json', 'content-length': String(START.length), ...headers },
    { method: 'POST', body: START },
  );

/** The statuses of all addresses: both ways to start, and all pages. */
async function askAll(headers: Record<string, string>): Promise<Record<string, number>> {
  const upgrade = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-protocol': 'graphql-transport-ws',
  };
  return {
    post: (await post(headers)).status,
    socket: (await ask('/graphql', { ...upgrade, ...headers })).status,
    explorer: (await ask('/explorer/', headers)).status,
    metrics: (await ask('/metrics', headers)).status,
    health: (await ask('/healthz', headers)).status,
    nothing: (await ask('/nothing', headers)).status,
  };
}

/** Send raw bytes; returns everything that is received until the connection ends. */
async function sendRaw(bytes: string): Promise<string> {
  const connection = connect(Number(port), '127.0.0.1');
  connection.write(bytes);
  return readText(connection);
}

const all = (status: number) => ({
  post: status,
  socket: status,
  explorer: status,
  metrics: status,
  health: status,
  nothing: status,
});
const served = { ...all(200), socket: 101, nothing: 404 };

describe('a gateway for this machine alone', () => {
  it.each([
    'localhost',
    'LOCALHOST:4000',
    'localhost.',
    'app.localhost:1',
    '127.9.9.9',
    '[::1]:80',
  ])('answers its own name %s', async (host) => {
    expect(await askAll({ host })).toEqual(served);
  });

  it.each([
    'evil.example',
    'evil.example:4000',
    'localhost.evil.example',
    'evillocalhost',
    '127.0.0.1.evil.example',
    '192.168.1.5:4000',
    '0.0.0.0:4000',
    '[::2]',
    '[::1].evil.example',
    'evil.example@127.0.0.1',
    'localhost:4000:evil',
    ' ',
  ])('refuses another name %j everywhere, and starts nothing', async (host) => {
    const before = startCount();
    expect(await askAll({ host, origin: `http://${host.trim()}` })).toEqual(all(421));
    expect(await post({ host })).toEqual({ status: 421, code: 'HOST_NOT_ALLOWED' });
    expect(startCount()).toBe(before);
  });

  it.each([
    ['another host in the target', `GET http://evil.example/healthz HTTP/1.1\r\nHost: x\r\n`, 421],
    [
      'another host in the target alone',
      'GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\n',
      421,
    ],
    ['its own in the target', 'GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n', 200],
    ['two names', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n', 400],
    ['no name', 'GET /healthz HTTP/1.1\r\n', 400],
    ['no name, as HTTP/1.0 allows', 'GET /healthz HTTP/1.0\r\n', 200],
  ])('refuses a request with %s', async (_what, head, status) => {
    const answer = await sendRaw(`${head}Connection: close\r\n\r\n`);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    if (status === 400) expect(codeOf(answer.split('\r\n\r\n')[1] ?? '')).toBe('BAD_REQUEST');
  });

  it.each([
    { 'x-forwarded-for': '203.0.113.7' },
    { 'x-forwarded-for': '127.0.0.1, 203.0.113.7' },
    { 'x-forwarded-for': 'unknown' },
    { forwarded: 'for="[2001:db8::1]:4711"' },
    { via: '1.1 proxy' },
    { 'x-real-ip': '203.0.113.7' },
    { 'x-real-ip': 'unknown' },
    { 'cf-connecting-ip': '2001:db8::1' },
    { 'true-client-ip': '203.0.113.7' },
    { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '203.0.113.7' },
    { 'x-forwarded-host': 'gateway.example' },
    { 'x-forwarded-proto': 'https' },
    { 'x-forwarded-server': 'proxy.example' },
  ])('refuses what a proxy forwards with %j everywhere', async (headers) => {
    const before = startCount();
    expect(await askAll(headers as unknown as Record<string, string>)).toEqual(all(403));
    expect((await post(headers as unknown as Record<string, string>)).code).toBe(
      'PROXY_NOT_ALLOWED',
    );
    expect(startCount()).toBe(before);
  });

  it('answers what a proxy forwards for this machine', async () => {
    expect(await askAll({ 'x-forwarded-for': '127.0.0.1, ::1' })).toEqual(served);
    expect(await askAll({ forwarded: 'for=127.0.0.1:5173' })).toEqual(served);
    expect(await askAll({ 'x-real-ip': '127.0.0.1' })).toEqual(served);
    const underDevelopment = {
      'x-forwarded-for': '::1',
      'x-forwarded-host': 'localhost:5173',
      'x-forwarded-proto': 'http',
    };
    expect(await askAll(underDevelopment)).toEqual(served);
  });
});

describe('a page of another site, without sign-in,', () => {
  const query = '/graphql?query=%7B__typename%7D';

  it.each([
    ['names its origin', { origin: 'https://evil.example' }],
    ['is on another port', { origin: 'http://localhost:3000', host: 'localhost:4000' }],
    ['has no name', { origin: 'null' }],
    ['is https where this is http', { origin: 'https://localhost', host: 'localhost:80' }],
    [
      'came without TLS',
      {
        origin: 'http://localhost',
        host: 'localhost',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': 'https',
      },
    ],
    ['is cross-site by Sec-Fetch-Site', { 'sec-fetch-site': 'cross-site' }],
    ['is of another subdomain by Sec-Fetch-Site', { 'sec-fetch-site': 'same-site' }],
  ])('is refused if it %s', async (_what, headers) => {
    const before = startCount();
    const asked = headers as unknown as Record<string, string>;
    expect(await ask(query, asked)).toEqual({ status: 403, code: 'ORIGIN_NOT_ALLOWED' });
    expect(await post(asked)).toEqual({ status: 403, code: 'ORIGIN_NOT_ALLOWED' });
    expect(startCount()).toBe(before);
  });

  it.each([
    ['programs', {}],
    ['our own page', { origin: 'http://localhost:4000', host: 'localhost:4000' }],
    ['our own page behind TLS', { origin: 'https://localhost', host: 'localhost:443' }],
    ['our own page, by Sec-Fetch-Site', { 'sec-fetch-site': 'same-origin' }],
    ['somebody who types the address', { 'sec-fetch-site': 'none' }],
  ])('is not confused with %s', async (_what, headers) => {
    expect(await ask(query, headers as unknown as Record<string, string>)).toMatchObject({
      status: 200,
    });
  });

  it('is refused a preflight', async () => {
    const asked = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    expect(await ask('/graphql', asked, { method: 'OPTIONS' })).toEqual({
      status: 403,
      code: 'ORIGIN_NOT_ALLOWED',
    });
  });
});

describe('a refusal before GraphQL', () => {
  const counted = (code: string, transport = 'http') =>
    readMetric(
      gateway.url,
      `sluice_refused_requests_total{transport="${transport}",code="${code}"}`,
    ).then((count) => count || 0);

  it('is counted by its code, and logged once if it is frequent', async () => {
    const before = await counted('NOT_FOUND');
    const startedAt = performance.now();
    for (let count = 0; count < 20; count += 1) await ask('/nothing');
    // On a busy machine that takes longer than a line every ten seconds.
    const maxLines = 1 + Math.ceil((performance.now() - startedAt) / 10_000);
    expect(await counted('NOT_FOUND')).toBe(before + 20);
    const lines = gateway.logLines.filter(
      ({ code, transport }) => code === 'NOT_FOUND' && transport === 'http',
    );
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThanOrEqual(maxLines);
  });

  it.each<[string, string, () => Promise<unknown>]>([
    ['BAD_REQUEST', 'a batch', () => askJson('[]')],
    ['BAD_REQUEST', 'half a body', () => askJson('{')],
    ['BAD_REQUEST', 'another method', () => ask('/graphql', {}, { method: 'PUT' })],
    ['BAD_REQUEST', 'bytes that are not HTTP', () => sendRaw('\x16\x03\x01\r\n\r\n')],
    ['HOST_NOT_ALLOWED', 'another host', () => post({ host: 'evil.example' })],
    ['ORIGIN_NOT_ALLOWED', 'another site', () => post({ origin: 'https://evil.example' })],
  ])('is counted: %s by %s', async (code, _what, refused) => {
    const before = await counted(code);
    await refused();
    expect(await counted(code)).toBe(before + 1);
  });

  it('is counted for a refused upgrade and a closed socket', async () => {
    const before = await counted('ORIGIN_NOT_ALLOWED', 'websocket');
    await askAll({ origin: 'https://evil.example' });
    expect(await counted('ORIGIN_NOT_ALLOWED', 'websocket')).toBe(before + 1);
    const socket = await openSocket(gateway.url);
    socket.send({ type: 'nonsense' });
    expect(await socket.closed).toBe(4400);
    expect(await counted('4400', 'websocket')).toBe(1);
  });

  it('is logged as a warning with the host that it named', () => {
    expect(gateway.logLines).toContainEqual(
      expect.objectContaining({
        level: 40,
        transport: 'http',
        code: 'HOST_NOT_ALLOWED',
        host: 'evil.example',
        from: 'address:127.0.0.1',
      }),
    );
  });

  const askJson = (body: string) =>
    ask('/graphql', { 'content-type': 'application/json' }, { method: 'POST', body });
});
