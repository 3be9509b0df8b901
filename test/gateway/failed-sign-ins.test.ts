import { describe, expect, it } from '@jest/globals';
import { anonymous } from '../../src/ingestion/caller.js';
import { newApiKey } from '../../src/server/sign-in/api-keys.js';
import {
  type Answer,
  codesOf,
  data,
  query,
  useExposedGateway,
} from '../support/exposed-gateway.js';
import { privateExposure } from '../support/exposure.js';
import { openSocket } from '../support/raw-socket.js';

const gateway = useExposedGateway();
const { post, upgrade } = gateway;

describe('failed sign-ins', () => {
  const key = newApiKey();
  const good = { authorization: `Bearer ${key.key}` };
  const bad = { authorization: `Bearer ${key.key}x` };

  async function startWithKey(): Promise<void> {
    await gateway.startWith({
      signIn: {
        accessTokens: null,
        apiKeys: [{ ...anonymous, name: 'ci', sha256: key.sha256 }],
      },
      exposure: {
        ...privateExposure,
        audience: 'callers',
        trustedProxies: ['loopback'],
        limits: { ...privateExposure.limits, maxFailedSignInsPerMinute: 3 },
      },
    });
  }

  async function signInOverSocket(payload: unknown): Promise<number | undefined> {
    const socket = await openSocket(gateway.url, { isGreeted: false });
    socket.send({ type: 'connection_init', payload });
    const closed = socket.closed;
    const acknowledged = socket.next().then(
      () => undefined,
      () => closed,
    );
    const code = await acknowledged;
    socket.webSocket.terminate();
    return code;
  }

  it('are limited per address over both transports, and lock nobody out', async () => {
    await startWithKey();
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 2; attempt += 1) {
      statuses.push((await post({ query }, bad)).status);
    }
    expect(await signInOverSocket(bad)).toBe(4401);
    // A request without credentials is no attempt.
    statuses.push((await post({ query })).status);
    expect(statuses).toEqual([401, 401, 401]);
    const limited = await post({ query }, bad);
    expect(limited.status).toBe(429);
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(codesOf((await limited.json()) as Answer)).toEqual(['RATE_LIMITED']);
    expect((await fetch(`${gateway.url}/metrics`, { headers: bad })).status).toBe(429);
    expect(await signInOverSocket(bad)).toBe(4429);
    expect((await post({ query })).status).toBe(401);
    expect(await (await post({ query }, good)).json()).toEqual({ data });
    expect(await signInOverSocket(good)).toBeUndefined();
  });

  it('count for one address, whatever ports its proxy sees', async () => {
    await startWithKey();
    const statuses: number[] = [];
    for (const from of [
      '203.0.113.8:1',
      '203.0.113.8:2',
      '[::ffff:203.0.113.8]:3',
      '203.0.113.8',
    ]) {
      statuses.push((await post({ query }, { ...bad, 'x-forwarded-for': from })).status);
    }
    statuses.push((await post({ query }, { ...bad, forwarded: 'for="203.0.113.8:4"' })).status);
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
  });

  it('are counted and logged by code, over both transports', async () => {
    await startWithKey();
    await post({ query });
    await post({ query }, bad);
    await signInOverSocket(bad);
    await post({ query }, bad);
    await post({ query }, bad);
    const answer = await fetch(`${gateway.url}/metrics`, { headers: good });
    const counts = (await answer.text()).match(/^sluice_refused_requests_total.*$/gm)?.sort();
    expect(counts).toEqual([
      'sluice_refused_requests_total{transport="http",code="RATE_LIMITED"} 1',
      'sluice_refused_requests_total{transport="http",code="UNAUTHENTICATED"} 3',
      'sluice_refused_requests_total{transport="websocket",code="4401"} 1',
    ]);
    const lines = gateway.logLines.filter(({ msg }) => String(msg).startsWith('Refused ('));
    expect(lines.map(({ code }) => code)).toEqual(['UNAUTHENTICATED', '4401', 'RATE_LIMITED']);
  });

  it('are all that a page of another site can cause', async () => {
    await startWithKey();
    const page = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    expect((await post({ query }, page)).status).toBe(401);
    expect(await (await post({ query }, { ...page, ...good })).json()).toEqual({ data });
    expect(await upgrade(page)).toBe(403);
  });
});

describe('a non-string credential in connection_init', () => {
  const odd = [
    '{ "toString": null, "valueOf": null }',
    `${'['.repeat(90)}${']'.repeat(90)}`,
    '1e400',
    'false',
  ];

  it('is refused as a failed sign-in, not as an internal error', async () => {
    await gateway.startWith({
      signIn: { accessTokens: null, apiKeys: [] },
      exposure: {
        ...privateExposure,
        limits: { ...privateExposure.limits, maxFailedSignInsPerMinute: odd.length },
      },
    });
    const codes: number[] = [];
    for (const authorization of [...odd, ...odd.slice(0, 1)]) {
      const socket = await openSocket(gateway.url, { isGreeted: false });
      socket.send(`{"type":"connection_init","payload":{"authorization":${authorization}}}`);
      codes.push(await socket.closed);
    }
    expect(codes).toEqual([4401, 4401, 4401, 4401, 4429]);
    expect(gateway.logLines.filter(({ level }) => Number(level) >= 40)).toEqual([]);
  });
});
