import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newApiKey } from '../../src/server/sign-in/api-keys.js';
import { startGatewayProcess } from '../../test/support/gateway-process.js';
import {
  AUDIENCE,
  ISSUER,
  MAPPINGS_CLAIM,
  newIssuerKey,
  signToken,
  startTokenIssuer,
} from '../../test/support/token-issuer.js';
import { fillLog, refOf } from '../support/filled-log.js';
import { type Load, load } from './load.js';

/**
 * The cost of a query: with a bare `node:http` server and a constant answer (the upper bound), with Fastify and a
 * constant answer, with Apollo Server with RESTDataSource and Mercurius, which call the upstream each time, and with
 * Sluice, in one run. If there is `taskset`, servers have one core and clients another. The upstream answers in 20
 * ms. The rounds of all alternate, so that other load on the machine affects all. Prints medians and ratios.
 *
 *     npm run bench:http -- [rounds] [seconds of a round] [requests of each kind]
 */
const [rounds = 3, seconds = 3, requests = 10_000] = process.argv.slice(2).map(Number);
const CONNECTIONS = 64;
const UPSTREAM_MS = 20;
const SERVER_CORE = '0';
const CLIENT_CORE = '1';
const WARM_UP_MS = 1_500;
const HERE = 'bench/http';

if (!existsSync(`${HERE}/node_modules`)) {
  execFileSync('npm', ['ci', '--workspaces=false', '--no-audit', '--no-fund'], {
    cwd: HERE,
    stdio: 'inherit',
  });
}

function pin(pid: number | undefined, core: string): void {
  try {
    execFileSync('taskset', ['-acp', core, String(pid)], { stdio: 'ignore' });
  } catch {
    console.error('Without taskset, servers and clients share all cores.');
  }
}

/** Sluice's calls; the others call for each query. */
let upstreamCalls = 0;
const hasEnded = (requestId: string) => Number(requestId) < requests;
const upstream = createServer((request, response) => {
  if (!request.url?.startsWith('/status')) upstreamCalls += 1;
  const requestId = new URL(request.url ?? '/', 'http://u').searchParams.get('requestId') ?? '';
  const status = hasEnded(requestId) ? 'Success' : 'In Progress';
  setTimeout(() => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({ requestId, status, info: 'It runs.', batchId: '', numRecords: 15 }),
    );
  }, UPSTREAM_MS);
});
await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
const upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;

const query =
  'query Status($mappingId: ID!, $requestId: ID!) { ingestionStatus(mappingId: $mappingId, requestId: $requestId) { requestId status numRecords info } }';
const toBody = (index: number) => JSON.stringify({ query, variables: refOf(index) });
const page = JSON.stringify({
  query: '{ ingestionRequests(first: 25) { nodes { requestId status numRecords info } } }',
});
const random = () => Math.floor(Math.random() * requests);
const one = toBody(requests);
const bodies = {
  '(a) one running request': () => one,
  '(b) running, at random': () => toBody(requests + random()),
  '(c) terminal, at random': () => toBody(random()),
  '(d) a page of 25': () => page,
};
type Scenario = keyof typeof bodies;
const [RUNNING, RANDOM, TERMINAL, PAGE] = Object.keys(bodies) as [
  Scenario,
  Scenario,
  Scenario,
  Scenario,
];

/** A server and its queries. */
interface Contestant {
  readonly name: string;
  readonly url: URL;
  readonly pid: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly scenarios: readonly Scenario[];
}

const ends: (() => Promise<unknown>)[] = [];

async function startPeer(
  name: string,
  file: string,
  scenarios: readonly Scenario[],
): Promise<Contestant> {
  const answer = {
    requestId: '1',
    status: 'IN_PROGRESS',
    numRecords: null,
    info: 'Mapping Id: M.',
  };
  const child = fork(`${HERE}/peers/${file}.mjs`, {
    execArgv: ['--max-semi-space-size=16'],
    env: {
      ...process.env,
      NODE_ENV: 'production',
      UPSTREAM: upstreamUrl,
      BODY: JSON.stringify({ data: { ingestionStatus: answer } }),
    },
  });
  const [url] = await once(child, 'message');
  pin(child.pid, SERVER_CORE);
  ends.push(async () => child.kill());
  return { name, url: new URL(url), pid: child.pid, headers: {}, scenarios };
}

/** Each request is polled every five minutes, so that polls cost little even with 10,000 of them. */
async function startSluice(
  runningRequests: number,
  env: Readonly<Record<string, string>>,
): Promise<Pick<Contestant, 'url' | 'pid'>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-http-'));
  await fillLog(dataDir, {
    finishedRequests: requests,
    runningRequests,
    observedAt: Date.now(),
  });
  const { child, url, ended } = startGatewayProcess({
    upstreamUrl,
    dataDir,
    env: {
      POLL_MIN_MS: '300000',
      POLL_MAX_MS: '600000',
      LIMIT_REQUESTS_PER_MINUTE: '10000000',
      ...env,
    },
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const { origin } = new URL(await url);
  pin(child.pid, SERVER_CORE);
  ends.push(async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(dataDir, { recursive: true });
  });
  return { url: new URL(origin), pid: child.pid };
}

async function startAll(): Promise<readonly Contestant[]> {
  const issuer = await startTokenIssuer();
  const key = await newIssuerKey('k1');
  issuer.publish(key);
  ends.push(() => issuer.close());
  const apiKey = newApiKey();
  const directory = await mkdtemp(join(tmpdir(), 'bench-http-keys-'));
  const keysFile = join(directory, 'keys.yaml');
  const entry = {
    name: 'bench',
    sha256: apiKey.sha256,
    rights: ['ingestion:read'],
    mappings: ['*'],
  };
  await writeFile(keysFile, JSON.stringify({ keys: [entry] }), { mode: 0o600 });
  ends.push(() => rm(directory, { recursive: true }));
  const token = await signToken(key, { scope: 'ingestion:read', [MAPPINGS_CLAIM]: ['*'] });
  const all = [RUNNING, RANDOM, TERMINAL];
  const sluice = await startSluice(requests, {});
  const signedIn = await startSluice(1, {
    API_KEYS_FILE: keysFile,
    AUTH_JWKS_URL: issuer.jwksUrl.href,
    AUTH_ISSUER: ISSUER,
    AUTH_AUDIENCE: AUDIENCE,
    AUTH_MAPPINGS_CLAIM: MAPPINGS_CLAIM,
  });
  const withCredentials = (credentials: string) => ({ authorization: `Bearer ${credentials}` });
  return [
    await startPeer('raw node:http, constant', 'raw', [RUNNING]),
    await startPeer('Fastify, constant', 'fastify', [RUNNING]),
    await startPeer('Apollo + RESTDataSource', 'apollo', all),
    await startPeer('Mercurius + jit + undici', 'mercurius', all),
    { name: 'Sluice', ...sluice, headers: {}, scenarios: [...all, PAGE] },
    {
      name: 'Sluice, (e) with a JWT',
      ...signedIn,
      headers: withCredentials(token),
      scenarios: [RUNNING],
    },
    {
      name: 'Sluice, (e) with an API key',
      ...signedIn,
      headers: withCredentials(apiKey.key),
      scenarios: [RUNNING],
    },
  ];
}

interface Measured extends Load {
  /** The server's user and system time, in µs: what counts if something else runs on its core. */
  readonly cpuUs: number;
  readonly callsEach: number;
}

/** On Linux, on every architecture. */
const TICKS_PER_S = 100;

async function cpuS(pid: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

async function measure(
  { url, pid, headers }: Contestant,
  next: () => string,
  durationMs: number,
): Promise<Measured> {
  const before = upstreamCalls;
  const cpuBefore = await cpuS(pid);
  const measured = await load({ url, headers, connections: CONNECTIONS, durationMs, next });
  const answers = (measured.perSecond * durationMs) / 1_000;
  const cpuUs = (((await cpuS(pid)) - cpuBefore) * 1e6) / answers;
  return { ...measured, cpuUs, callsEach: (upstreamCalls - before) / answers };
}

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

pin(process.pid, CLIENT_CORE);
const contestants = await startAll();
const results = new Map<string, Measured[]>();
const toName = (contestant: Contestant, scenario: Scenario) => `${contestant.name} ${scenario}`;
for (const contestant of contestants) {
  for (const scenario of contestant.scenarios) {
    let index = 0;
    const offset = scenario === RANDOM ? requests : 0;
    const each = () => toBody(offset + (index++ % requests));
    // Sluice looks up a request when it is first queried, as the others do each time.
    const isSluice =
      contestant.name.startsWith('Sluice') && scenario !== RUNNING && scenario !== PAGE;
    const warmUp = isSluice ? each : bodies[scenario];
    for (let done = 0; done < (isSluice ? 1.5 * requests : 1); ) {
      const { perSecond } = await measure(contestant, warmUp, WARM_UP_MS);
      done += (perSecond * WARM_UP_MS) / 1_000;
    }
  }
}
for (let round = 0; round < rounds; round += 1) {
  for (const scenario of Object.keys(bodies) as Scenario[]) {
    for (const contestant of contestants.filter(({ scenarios }) => scenarios.includes(scenario))) {
      const name = toName(contestant, scenario);
      const measured = await measure(contestant, bodies[scenario], seconds * 1_000);
      results.set(name, [...(results.get(name) ?? []), measured]);
    }
  }
}

const medianOf = (name: string, read: (measured: Measured) => number) =>
  median((results.get(name) ?? []).map(read));
const rateOf = (name: string) => medianOf(name, ({ perSecond }) => perSecond);
const raw = rateOf(`raw node:http, constant ${RUNNING}`);
console.log(`${CONNECTIONS} connections, medians of ${rounds} rounds of ${seconds} s\n`);
for (const scenario of Object.keys(bodies) as Scenario[]) {
  const mercurius = rateOf(`Mercurius + jit + undici ${scenario}`);
  const cells = [
    'queries/s',
    'of raw',
    'of Mercurius',
    'p50 ms',
    'p99 ms',
    'CPU µs each',
    'calls each',
  ];
  console.log(scenario.padEnd(30) + cells.map((cell) => cell.padStart(13)).join(''));
  for (const contestant of contestants.filter(({ scenarios }) => scenarios.includes(scenario))) {
    const name = toName(contestant, scenario);
    const row = [
      rateOf(name).toFixed(0),
      (rateOf(name) / raw).toFixed(2),
      (rateOf(name) / mercurius).toFixed(2),
      medianOf(name, ({ p50Ms }) => p50Ms).toFixed(1),
      medianOf(name, ({ p99Ms }) => p99Ms).toFixed(1),
      medianOf(name, ({ cpuUs }) => cpuUs).toFixed(0),
      contestant.name.startsWith('Sluice')
        ? medianOf(name, ({ callsEach }) => callsEach).toFixed(3)
        : '',
    ];
    console.log(contestant.name.padEnd(30) + row.map((cell) => cell.padStart(13)).join(''));
  }
  console.log();
}
for (const end of ends.reverse()) await end();
upstream.closeAllConnections();
upstream.close();
