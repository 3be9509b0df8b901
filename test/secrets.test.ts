import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { newApiKey } from '../src/server/sign-in/api-keys.js';
import { startAnswers, statusAnswers } from './support/campaign-answers.js';
import { type GatewayProcess, startGatewayProcess } from './support/gateway-process.js';
import {
  json,
  raw,
  reset,
  type ScriptedAnswer,
  type ScriptedUpstream,
  startScriptedUpstream,
  text,
} from './support/scripted-upstream.js';
import { AUDIENCE, ISSUER, newIssuerKey, signToken } from './support/token-issuer.js';

const scope = 'ingestion:read ingestion:start metrics:read';
const issuerKey = await newIssuerKey('k1');
const otherKey = await newIssuerKey('k1');
const callerKey = newApiKey();
const tokens = {
  good: await signToken(issuerKey, { scope }),
  expired: await signToken(issuerKey, { scope, exp: 1 }),
  forged: await signToken(otherKey, { scope }),
  malformed: 'eyJwbGFudGVk.malformed-planted-token.c2VjcmV0',
};

/** What the gateway is configured with, what it is given, and what callers show. */
const secrets = {
  apiKey: 'planted+campaign/api=key',
  imsSecret: 'planted+ims/client=secret',
  fetched: 'planted+fetched/access=token',
  platformApiKey: 'planted+platform/api=key',
  platformToken: 'planted+platform/access=token',
  databasePassword: 'planted-database-password',
  callerKey: callerKey.key,
  wrongKey: 'sluice_planted-wrong-key',
  ...tokens,
};

/** As it is, and as it looks in a URL, in JSON, and in what is encoded. */
const forms = Object.entries(secrets).flatMap(([name, secret]) =>
  [
    secret,
    encodeURIComponent(secret),
    secret.replaceAll('/', '\\/'),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64url'),
    // Of a token alone what signs it is secret.
    ...(name in tokens ? [secret.split('.')[2] ?? ''] : []),
  ].map((form) => [name, form] as const),
);

/** All that the gateway has said, to anybody. */
let told = '';

function expectNoSecret(): void {
  expect(told.length).toBeGreaterThan(0);
  const leaked = forms
    .filter(([, form]) => told.includes(form))
    .map(([name, form]) => {
      const at = told.indexOf(form);
      return `${name}: ${told.slice(Math.max(0, at - 200), at + form.length + 50)}`;
    });
  expect(leaked).toEqual([]);
}

let upstream: ScriptedUpstream;
let dataDir: string;
const running: GatewayProcess[] = [];

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  dataDir = await mkdtemp(join(tmpdir(), 'secrets-'));
});

afterAll(async () => {
  for (const { child, ended } of running) {
    child.kill();
    await ended;
  }
  await upstream.close();
  await rm(dataDir, { recursive: true });
});

function start(env: Record<string, string>): GatewayProcess {
  const gateway = startGatewayProcess({
    upstreamUrl: upstream.url,
    dataDir,
    env: { LOG_LEVEL: 'trace', CAMPAIGN_API_KEY: secrets.apiKey, ...env },
  });
  for (const stream of [gateway.child.stdout, gateway.child.stderr]) {
    stream?.on('data', (data) => {
      told += String(data);
    });
  }
  running.push(gateway);
  return gateway;
}

const all = Object.values(secrets).join(' ');
const everywhere = {
  'x-echo': all,
  'www-authenticate': all,
  location: `http://127.0.0.1:9/${all}`,
};

/** Upstreams that give back what they were sent. */
const echoes: readonly ScriptedAnswer[] = [
  text(401, all, everywhere),
  json(403, { error_code: all, message: all }, { ...everywhere, 'x-request-id': all }),
  text(500, `<h1>${all}</h1>`, everywhere),
  json(200, { requestId: { all }, info: 5, status: all }, everywhere),
  text(200, all, everywhere),
  text(302, all, everywhere),
  text(429, all, { ...everywhere, 'retry-after': all }),
  json(400, { error: all, error_description: all }, everywhere),
  raw(`HTTP/1.1 ${all}\r\n\r\n${all}`),
  raw(all),
  reset(),
];

async function ask(url: string, authorization: string | null, body: unknown): Promise<void> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
    body: JSON.stringify(body),
  });
  told += JSON.stringify([...response.headers]) + (await response.text());
}

/** Say hello with these credentials, ask, follow, and break the protocol. */
async function speak(url: string, authorization: unknown): Promise<void> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  socket.on('message', (data) => {
    told += String(data);
    if (String(data).includes('connection_ack')) {
      const follow = `subscription { ingestionStatusChanged(mappingId: "m", requestId: "r") { to } }`;
      socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: follow } }));
    } else {
      socket.send(`{ ${authorization}`);
    }
  });
  const closed = Promise.withResolvers<void>();
  socket.on('close', (code, reason) => {
    told += `${code} ${reason}`;
    closed.resolve();
  });
  socket.on('open', () =>
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } })),
  );
  await closed.promise;
}

it('never come out of a gateway, whatever fails and whoever gives them back', async () => {
  const keysFile = join(dataDir, 'keys.json');
  const entry = { name: 'ci', sha256: callerKey.sha256, rights: scope.split(' '), mappings: ['*'] };
  await writeFile(keysFile, JSON.stringify({ keys: [entry] }));
  const keys = { keys: [issuerKey.publicJwk] };
  let broken: ScriptedAnswer | null = null;
  upstream.otherwise((response, call) => {
    const { method, rawPath } = call;
    const good = () => {
      if (rawPath.startsWith('/keys')) return json(200, keys);
      if (rawPath.includes('/ims/'))
        return json(200, {
          access_token: secrets.fetched,
          token_type: 'bearer',
          expires_in: 86_399,
        });
      if (rawPath.includes('/catalog/')) return text(404, all, everywhere);
      if (method === 'POST') return json(200, startAnswers.submitted('m', 1));
      return json(200, statusAnswers.failedInBatch('m', 1));
    };
    (broken ?? good())(response, call);
  });
  const gateway = start({
    CAMPAIGN_ACCESS_TOKEN: '',
    IMS_URL: upstream.url,
    IMS_CLIENT_ID: 'planted-client',
    IMS_CLIENT_SECRET: secrets.imsSecret,
    PLATFORM_URL: upstream.url,
    PLATFORM_API_KEY: secrets.platformApiKey,
    PLATFORM_IMS_ORG: 'org@AdobeOrg',
    PLATFORM_ACCESS_TOKEN: secrets.platformToken,
    AUTH_JWKS_URL: `${upstream.url}/keys`,
    AUTH_ISSUER: ISSUER,
    AUTH_AUDIENCE: AUDIENCE,
    API_KEYS_FILE: keysFile,
  });
  const url = await gateway.url;

  let asked = 0;
  const askAll = async (authorization: string) => {
    asked += 1;
    const ref = `mappingId: "m", requestId: "${asked}"`;
    await ask(url, authorization, {
      query: `{ ingestionStatus(${ref}) { status info batch { status } } }`,
    });
    await ask(url, authorization, {
      query: `mutation M { startIngestion(input: { mappingId: "m${asked}" }) { __typename ... on IngestionSubmitted { request { requestId } } } }`,
    });
    await ask(url, authorization, { query: 'nonsense' });
  };
  // First while the issuer, too, gives back what it is sent; then it is asked again after some seconds only.
  broken = text(500, all, everywhere);
  await ask(url, `Bearer ${tokens.good}`, { query: '{ __typename }' });
  for (const answer of echoes) {
    broken = answer;
    await askAll(`Bearer ${callerKey.key}`);
  }
  broken = null;
  for (const shown of [...Object.values(tokens), callerKey.key, secrets.wrongKey]) {
    const authorization = `Bearer ${shown}`;
    await askAll(authorization);
    await speak(url, authorization);
    await speak(url, { authorization });
    for (const path of [
      '/metrics',
      '/readyz',
      '/healthz',
      `/${shown}`,
      `/graphql?access_token=${shown}`,
    ]) {
      const response = await fetch(url + path, { headers: { authorization } });
      told += JSON.stringify([...response.headers]) + (await response.text());
    }
  }
  gateway.child.kill();
  expect(await gateway.ended).toBe(0);
  expectNoSecret();
}, 60_000);

it('are not in what a refused start tells', async () => {
  const starts: readonly Record<string, string>[] = [
    {
      CAMPAIGN_API_KEY: `${secrets.apiKey} with a blank`,
      CAMPAIGN_ACCESS_TOKEN: secrets.fetched,
      IMS_CLIENT_SECRET: secrets.imsSecret,
      IMS_URL: `https://sluice:${secrets.databasePassword}@ims.test`,
      DATABASE_URL: `postgre://sluice:${secrets.databasePassword}@127.0.0.1/log`,
      AUTH_JWKS_URL: `https://ims.test/?key=${secrets.wrongKey}`,
      POLL_MIN_MS: 'x',
    },
    { DATABASE_URL: `postgres://sluice:${secrets.databasePassword}@` },
    { DATABASE_URL: `postgres://sluice:${secrets.databasePassword}@127.0.0.1:1/log` },
  ];
  told = '';
  for (const env of starts) expect(await start(env).ended).toBe(1);
  for (const name of starts.flatMap(Object.keys)) expect(told).toContain(name);
  expectNoSecret();
}, 60_000);
