import { generateKeyPairSync, sign } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type JWK, jwtVerify } from 'jose';
import { systemClock } from '../../../src/process/system-clock.js';
import { createIssuerKeys } from '../../../src/server/sign-in/issuer-keys.js';
import { json, startScriptedUpstream, text } from '../../support/scripted-upstream.js';
import {
  type IssuerKey,
  newIssuerKey,
  signToken,
  startTokenIssuer,
  type TokenIssuer,
} from '../../support/token-issuer.js';

let first: IssuerKey;
let second: IssuerKey;
let issuer: TokenIssuer;
let failures: unknown[];
let unusableCounts: number[];

/** How far both clocks have advanced. */
let aheadMs = 0;
/** How far the wall clock was set back; negative: forward. */
let setBackMs = 0;
const clock = { ...systemClock, monotonicMs: () => performance.now() + aheadMs };
const realNow = Date.now.bind(Date);

beforeEach(async () => {
  aheadMs = 0;
  setBackMs = 0;
  failures = [];
  unusableCounts = [];
  jest.spyOn(Date, 'now').mockImplementation(() => realNow() + aheadMs - setBackMs);
  first = await newIssuerKey('k1');
  second = await newIssuerKey('k2');
  issuer = await startTokenIssuer(first);
});

afterEach(async () => {
  jest.restoreAllMocks();
  await issuer.close();
});

function createKeys(url = issuer.jwksUrl, schedule = clock.schedule) {
  const onFailed = (error: unknown) => void failures.push(error);
  const onUnusable = (count: number) => void unusableCounts.push(count);
  return createIssuerKeys({ url, clock: { ...clock, schedule }, onFailed, onUnusable });
}

/** Use a token of this key: its subject, or the code of the error. */
async function tryKey(keys: ReturnType<typeof createKeys>, key: IssuerKey): Promise<unknown> {
  try {
    const token = await signToken(key, { exp: Math.floor(Date.now() / 1000) + 3_600 });
    return (await jwtVerify(token, keys)).payload.sub;
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

const NO_SUCH_KEY = 'ERR_JWKS_NO_MATCHING_KEY';

/** A token that a key signed that is too short. */
const shortToken = [{ alg: 'RS256', kid: 'short' }, { sub: 'ci' }]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .join('.');

describe('the keys of an issuer', () => {
  it('are fetched once for many tokens', async () => {
    const keys = createKeys();
    const tried = Array.from({ length: 5 }, () => tryKey(keys, first));
    expect(await Promise.all(tried)).toEqual(Array(5).fill('ci'));
    expect(issuer.fetchCount).toBe(1);
  });

  it('are fetched again for an unknown key, at most every 30 s', async () => {
    const keys = createKeys();
    expect(await tryKey(keys, first)).toBe('ci');
    issuer.publish(second);
    expect(await tryKey(keys, second)).toBe(NO_SUCH_KEY);
    expect(issuer.fetchCount).toBe(1);
    aheadMs = 31_000;
    expect(await tryKey(keys, second)).toBe('ci');
    expect(await tryKey(keys, first)).toBe(NO_SUCH_KEY);
    expect(issuer.fetchCount).toBe(2);
  });

  it('are fetched again after 10 minutes, so that a withdrawn key becomes invalid', async () => {
    const keys = createKeys();
    expect(await tryKey(keys, first)).toBe('ci');
    issuer.publish(second);
    aheadMs = 599_000;
    expect(await tryKey(keys, first)).toBe('ci');
    aheadMs = 601_000;
    expect(await tryKey(keys, first)).toBe(NO_SUCH_KEY);
    expect(await tryKey(keys, second)).toBe('ci');
  });

  it('are fetched on time, however the wall clock is set', async () => {
    const keys = createKeys();
    expect(await tryKey(keys, first)).toBe('ci');
    issuer.publish(second);
    setBackMs = 3_600_000;
    aheadMs = 31_000;
    expect(await tryKey(keys, second)).toBe('ci');
    issuer.publish(first);
    aheadMs += 601_000;
    expect(await tryKey(keys, second)).toBe(NO_SUCH_KEY);
    setBackMs = -86_400_000;
    expect(await tryKey(keys, first)).toBe('ci');
    expect(issuer.fetchCount).toBe(3);
  });

  it('are fetched again 5 s after a failure, which makes no token invalid', async () => {
    issuer.goDown();
    const keys = createKeys();
    for (const _again of [1, 2, 3]) expect(await tryKey(keys, first)).toBe('SIGN_IN_UNAVAILABLE');
    expect(issuer.fetchCount).toBe(1);
    expect(failures).toHaveLength(1);
    issuer.publish(first);
    aheadMs = 5_001;
    expect(await tryKey(keys, first)).toBe('ci');
  });

  it('serve for an hour when they cannot be fetched again', async () => {
    const keys = createKeys();
    expect(await tryKey(keys, first)).toBe('ci');
    issuer.goDown();
    for (const minutes of [11, 30, 59]) {
      aheadMs = minutes * 60_000;
      expect(await tryKey(keys, first)).toBe('ci');
      // It may be a new key.
      expect(await tryKey(keys, second)).toBe('SIGN_IN_UNAVAILABLE');
    }
    aheadMs = 61 * 60_000;
    expect(await tryKey(keys, first)).toBe('SIGN_IN_UNAVAILABLE');
    issuer.publish(second);
    aheadMs += 5_001;
    expect(await tryKey(keys, second)).toBe('ci');
  });

  it('are awaited for a second by one token when they are late, and by every token that needs them', async () => {
    const scheduled: (() => void)[] = [];
    const keys = createKeys(issuer.jwksUrl, (delayMs, task) => {
      expect(delayMs).toBe(1_000);
      scheduled.push(task);
      return () => {};
    });
    expect(await tryKey(keys, first)).toBe('ci');
    const late = issuer.publishLate(second);
    aheadMs = 601_000;
    const tried = tryKey(keys, first);
    await late.asked;
    for (const passASecond of scheduled) passASecond();
    expect(await tried).toBe('ci');
    for (const minutes of [11, 30, 59]) {
      aheadMs = minutes * 60_000;
      expect(await tryKey(keys, first)).toBe('ci');
    }
    expect(scheduled).toHaveLength(1);
    const unknown = tryKey(keys, second);
    late.answer();
    expect(await unknown).toBe('ci');
    expect(await tryKey(keys, first)).toBe(NO_SUCH_KEY);
    expect(issuer.fetchCount).toBe(2);
    expect(failures).toEqual([]);
  });

  it.each([
    ['an error', text(500, '')],
    ['text that is not JSON', text(200, '<html>')],
    ['JSON that is not a key set', json(200, { keys: 'none' })],
    ['a redirect', text(302, '', { location: 'http://127.0.0.1:9/' })],
  ])('cannot be read from %s', async (_what, answer) => {
    const server = await startScriptedUpstream();
    server.otherwise(answer);
    expect(await tryKey(createKeys(new URL(server.url)), first)).toBe('SIGN_IN_UNAVAILABLE');
    expect(server.calls).toHaveLength(1);
    await server.close();
  });

  it('are read if something on the way has compressed them', async () => {
    const server = await startScriptedUpstream();
    const body = gzipSync(JSON.stringify({ keys: [first.publicJwk] }));
    server.otherwise((response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(body),
    );
    expect(await tryKey(createKeys(new URL(server.url)), first)).toBe('ci');
    await server.close();
  });

  it.each([
    ['kid as a number', { kid: 7 }],
    ['key_ops as one string', { key_ops: 'verify' }],
    ['names in another case', { alg: 'es256', kty: 'ec', crv: 'p-256', use: 'SIG' }],
  ])('are read despite a clear deviation: %s', async (_what, written) => {
    const key = await newIssuerKey('7');
    issuer.publish({ ...key, publicJwk: { ...key.publicJwk, ...written } as JWK });
    expect(await tryKey(createKeys(), key)).toBe('ci');
    expect(unusableCounts).toEqual([]);
  });

  it('are usable beside unusable ones', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1_024 });
    const short = { ...publicKey.export({ format: 'jwk' }), kid: 'short' };
    const { alg: _alg, ...unnamed } = second.publicJwk;
    const unusable: unknown[] = [
      null,
      'a text',
      ['k'],
      {},
      short,
      { ...short, alg: 'RS256' },
      { ...privateKey.export({ format: 'jwk' }), kid: 'private', alg: 'RS256' },
      { kty: 'oct', k: 'c2VjcmV0', kid: 'secret' },
      { kty: 'quantum', kid: first.kid },
      { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: first.kid },
      { kty: 'EC', crv: 'secp256k1', x: 'AA', y: 'AA', kid: 'curve' },
      { kty: 'RSA', n: 5, e: {}, kid: 'types' },
      { ...first.publicJwk, alg: 7 },
      { ...first.publicJwk, alg: 'none' },
    ];
    const server = await startScriptedUpstream();
    server.otherwise(json(200, { keys: [...unusable, first.publicJwk, unnamed] }));
    const keys = createKeys(new URL(server.url));
    expect(await tryKey(keys, first)).toBe('ci');
    expect(await tryKey(keys, second)).toBe('ci');
    const signed = sign('sha256', Buffer.from(shortToken), privateKey).toString('base64url');
    await expect(jwtVerify(`${shortToken}.${signed}`, keys)).rejects.toMatchObject({
      code: NO_SUCH_KEY,
    });
    expect(unusableCounts).toEqual([unusable.length]);
    expect(failures).toEqual([]);
    await server.close();
  });
});
