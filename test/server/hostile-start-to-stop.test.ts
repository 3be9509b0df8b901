import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { statusAnswers } from '../support/campaign-answers.js';
import { startGatewayProcess } from '../support/gateway-process.js';
import { createTestDatabase } from '../support/postgres.js';
import { openSocket } from '../support/raw-socket.js';
import {
  hang,
  held,
  json,
  type ScriptedAnswer,
  startScriptedUpstream,
} from '../support/scripted-upstream.js';
import { startTcpProxy } from '../support/tcp-proxy.js';

/** A process must stop within this, as its log and README promise. In ms. */
const STOP_LIMIT_MS = 9_000;

/** The upstream may get so many calls a second. */
const MAX_RPS = 5;

/** The number of clients of each kind at a time. */
const CROWD = 20;

/** Only Linux reports the resources of a process. */
const describeOnLinux = existsSync('/proc/self/fd') ? describe : describe.skip;

const upgrade = (origin: string, key = 'MDEyMzQ1Njc4OWFiY2RlZg==', path = '/graphql') =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nOrigin: ${origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n` +
  'Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n';
const postHead = 'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
const foreign = upgrade('http://evil.example');

/** Clients that never close a connection, even if the gateway closes its side. */
class HostileClients {
  readonly #held: Socket[] = [];

  constructor(private readonly port: number) {}

  async open(sent: string): Promise<Socket> {
    const socket = connect({ port: this.port, host: '127.0.0.1', allowHalfOpen: true });
    this.#held.push(socket);
    socket.on('error', () => {});
    await once(socket, 'connect');
    if (sent) socket.write(sent);
    return socket;
  }

  async openMany(sent: string): Promise<Socket[]> {
    return Promise.all(Array.from({ length: CROWD }, () => this.open(sent)));
  }

  leave(): void {
    for (const socket of this.#held.splice(0)) socket.destroy();
  }
}

/** A gateway in its own process, with its surroundings. */
async function launch(env: Readonly<Record<string, string>>) {
  const directory = mkdtempSync(join(tmpdir(), 'hostile-'));
  const upstream = await startScriptedUpstream();
  upstream.otherwise(hang());
  const gateway = startGatewayProcess({ upstreamUrl: upstream.url, dataDir: directory, env });
  const url = await gateway.url;
  const clients = new HostileClients(Number(new URL(url).port));
  const post = (query: string) =>
    fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify({ query }),
    });
  // By now everything is open that stays open.
  await post('{ __typename }');
  return {
    gateway,
    upstream,
    url,
    clients,
    post,
    countFiles: () => readdirSync(`/proc/${gateway.child.pid}/fd`).length,
    /** @returns the duration in ms, after a successful end */
    async stop(): Promise<number> {
      const stoppedAt = performance.now();
      gateway.child.kill('SIGTERM');
      expect(await gateway.ended).toBe(0);
      expect(gateway.complaints).toEqual([]);
      return performance.now() - stoppedAt;
    },
    async [Symbol.asyncDispose]() {
      gateway.child.kill('SIGKILL');
      await gateway.ended;
      clients.leave();
      await upstream.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/** Stop a gateway amid everything that could delay it. */
async function stopAmidHostileClients() {
  await using launched = await launch({ CAMPAIGN_TIMEOUT_MS: '600000' });
  const { upstream, url, clients, post, stop } = launched;
  const start = `mutation { startIngestion(input: { mappingId: "A" }) {
    ... on StartIngestionError { outcomeUnknown } } }`;
  const schema = '{ __schema { types { name description fields { name description } } } }';
  const body = JSON.stringify({ query: schema });
  const ask = `${postHead}Content-Length: ${body.length}\r\n\r\n${body}`;
  for (const socket of await clients.openMany(ask.repeat(20))) socket.pause();
  for (const sent of [
    '',
    'GET /gra',
    `${postHead}Content-Length: 9\r\n\r\n{`,
    upgrade('http://localhost'),
  ]) {
    await clients.openMany(sent);
  }
  const [worker, ...deaf] = await Promise.all(Array.from({ length: 5 }, () => openSocket(url)));
  for (const { webSocket } of deaf) webSocket.pause();
  worker?.send({ type: 'subscribe', id: '1', payload: { query: start } });
  const started = post(start).then((response) => response.json());
  await upstream.arrived(2);
  await clients.openMany(foreign);
  const tookMs = await stop();
  return { tookMs, overHttp: await started, overSocket: await worker?.next() };
}

/** Stop a gateway whose database has stopped answering, with a query in progress. */
async function stopWithoutDatabase() {
  const database = await createTestDatabase();
  const proxy = await startTcpProxy(database.url);
  await using launched = await launch({ DATABASE_URL: proxy.url });
  const { gateway, url, post } = launched;
  const socket = await openSocket(url);
  proxy.muffle('');
  const query = '{ ingestionRequests(first: 1) { edges { cursor } } }';
  const asked = post(query).then(
    (response) => response.json(),
    () => 'cut',
  );
  socket.send({ type: 'subscribe', id: '1', payload: { query } });
  socket.send({ type: 'ping' });
  await socket.next();
  const stoppedAt = performance.now();
  gateway.child.kill('SIGTERM');
  const code = await gateway.ended;
  const tookMs = performance.now() - stoppedAt;
  const { complaints } = gateway;
  await asked;
  await proxy.close();
  await database.drop();
  return { code, tookMs, complaints };
}

describeOnLinux('a gateway among hostile clients', () => {
  let launched: Awaited<ReturnType<typeof launch>>;
  let stoppedElsewhere: ReturnType<typeof stopAmidHostileClients>;
  let stoppedWithoutDatabase: ReturnType<typeof stopWithoutDatabase>;

  beforeAll(async () => {
    // All along, because these wait more than they work.
    stoppedElsewhere = stopAmidHostileClients();
    stoppedWithoutDatabase = stopWithoutDatabase();
    for (const stopped of [stoppedElsewhere, stoppedWithoutDatabase]) stopped.catch(() => {});
    launched = await launch({
      CAMPAIGN_TIMEOUT_MS: '1500',
      CAMPAIGN_MAX_RPS: String(MAX_RPS),
      POLL_MIN_MS: '10',
      POLL_MAX_MS: '10',
      LIMIT_SOCKETS_PER_CALLER: '60',
    });
  });

  afterAll(() => launched[Symbol.asyncDispose]());

  const untilFiles = async (count: number) => {
    while (launched.countFiles() > count) await setTimeout(20);
  };

  it('releases the connections that it refuses, even if their clients never close them', async () => {
    const { clients, countFiles, post } = launched;
    const before = countFiles();
    const [refused] = await clients.openMany(foreign);
    const [answer] = await once(refused as Socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 403 /);
    expect(String(answer)).toContain('"code":"ORIGIN_NOT_ALLOWED"');
    for (const sent of [
      `${foreign}and more behind it`,
      upgrade('http://x', 'no key'),
      upgrade('http://x', undefined, '/elsewhere').replace('Upgrade', 'close, Upgrade'),
      'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n',
      'no HTTP at all\r\n\r\n',
      'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    ]) {
      await clients.openMany(sent);
    }
    // Half-closed: they send nothing more, and read nothing.
    for (const sent of [
      '',
      foreign,
      'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'POST /gra',
    ]) {
      for (const socket of await clients.openMany(sent)) socket.end();
    }
    await untilFiles(before);
    expect((await post('{ __typename }')).status).toBe(200);
  });

  it('releases a flood of WebSockets that are silent, invalid or ignore its close', async () => {
    const { clients, countFiles } = launched;
    const before = countFiles();
    const [first, ...others] = await clients.openMany(upgrade('http://localhost'));
    await once(first as Socket, 'data');
    // An unmasked frame, and a close frame.
    for (const socket of others.slice(0, 10)) socket.write(Buffer.from([0x81, 1, 0x78]));
    for (const socket of others.slice(10)) socket.write(Buffer.from([0x88, 0x80, 0, 0, 0, 0]));
    for (let round = 0; round < 3; round += 1) await clients.openMany(upgrade('http://localhost'));
    const answer = await text((await clients.open(upgrade('http://localhost'))) as Socket);
    expect(answer).toMatch(/^HTTP\/1\.1 429 /);
    expect(answer).toContain('"code":"RATE_LIMITED"');
    await untilFiles(before);
  });

  it('hears after a freeze what arrived meanwhile, and keeps to its budget', async () => {
    const { gateway, upstream, url, post } = launched;
    const running: ScriptedAnswer = (response, call) => {
      const requestId = new URL(call.rawPath, url).searchParams.get('requestId');
      json(200, statusAnswers.inProgress('M', requestId))(response, call);
    };
    upstream.otherwise(running);
    const look = (id: number) =>
      `r${id}: ingestionStatus(mappingId: "M", requestId: "${id}") { status }`;
    await post(`{ ${[1, 2, 3].map(look).join(' ')} }`);
    // Answered during the freeze.
    const { answer, release } = held(running);
    upstream.otherwise((response, call) =>
      (call.rawPath.includes('requestId=4') ? answer : running)(response, call),
    );
    const asked = post(`{ ${look(4)} }`);
    while (!upstream.calls.some(({ rawPath }) => rawPath.includes('requestId=4'))) {
      await upstream.arrived(upstream.calls.length + 1);
    }
    const [silent, greeted] = await Promise.all([
      openSocket(url, { isGreeted: false }),
      openSocket(url),
    ]);
    gateway.child.kill('SIGSTOP');
    release();
    silent.send({ type: 'connection_init' });
    greeted.send({ type: 'ping' });
    // Longer than the timeouts of the client's first message and of the upstream's answer.
    await setTimeout(3_700);
    const calls = upstream.calls.length;
    gateway.child.kill('SIGCONT');
    expect(await silent.next()).toEqual({ type: 'connection_ack' });
    expect(await greeted.next()).toEqual({ type: 'pong' });
    expect(await (await asked).json()).toEqual({ data: { r4: { status: 'IN_PROGRESS' } } });
    // One call more than a second allows.
    await upstream.arrived(calls + MAX_RPS + 1);
    const times = upstream.calls.slice(calls).map(({ arrivedAt }) => arrivedAt);
    expect((times[MAX_RPS] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(900);
    await Promise.all([silent.close(), greeted.close()]);
  });

  it('stops within its limit, and tells waiting callers the outcomes of their starts', async () => {
    const { tookMs, overHttp, overSocket } = await stoppedElsewhere;
    expect(tookMs).toBeLessThan(STOP_LIMIT_MS);
    const unknown = { data: { startIngestion: { outcomeUnknown: true } } };
    expect(overHttp).toMatchObject(unknown);
    expect(overSocket).toMatchObject({ type: 'next', payload: unknown });
    expect(await launched.stop()).toBeLessThan(STOP_LIMIT_MS);
  });

  it('stops within its limit though its database does not answer, and reports what was unfinished', async () => {
    const { code, tookMs, complaints } = await stoppedWithoutDatabase;
    expect(tookMs).toBeLessThan(STOP_LIMIT_MS);
    expect(code).toBe(1);
    expect(complaints.at(-1)).toContain('without having stopped properly');
  });
});
