import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type JWTHeaderParameters, SignJWT } from 'jose';
import { systemClock } from '../../../src/process/system-clock.js';
import { createAccessTokens } from '../../../src/server/sign-in/access-tokens.js';
import { createIssuerKeys } from '../../../src/server/sign-in/issuer-keys.js';
import {
  json,
  type ScriptedUpstream,
  startScriptedUpstream,
  text,
} from '../../support/scripted-upstream.js';
import {
  goodClaims,
  type IssuerKey,
  newIssuerKey,
  toTokenRules,
} from '../../support/token-issuer.js';

let one: IssuerKey;
let other: IssuerKey;
let stranger: IssuerKey;
let issuer: ScriptedUpstream | undefined;

beforeAll(async () => {
  [one, other, stranger] = [
    await newIssuerKey('one'),
    await newIssuerKey('other'),
    await newIssuerKey('one'),
  ];
});

afterEach(() => issuer?.close());

const sign = (key: IssuerKey, header: Partial<JWTHeaderParameters> = {}, claims = {}) =>
  new SignJWT({ ...goodClaims(), ...claims, sluice_mappings: ['*'] })
    .setProtectedHeader({ alg: key.alg, ...header })
    .sign(key.privateKey);

const named = ({ publicJwk }: IssuerKey, kid: unknown) => ({ ...publicJwk, kid });

/** A sign-in whose issuer publishes these keys. */
async function publish(answer: ReturnType<typeof json>) {
  issuer = await startScriptedUpstream();
  issuer.otherwise(answer);
  const url = new URL(issuer.url);
  const onIgnored = () => {};
  const keys = createIssuerKeys({
    url,
    clock: systemClock,
    onFailed: onIgnored,
    onUnusable: onIgnored,
  });
  const tokens = createAccessTokens(toTokenRules({ jwksUrl: url }), keys, systemClock);
  return async (token: Promise<string>) => {
    try {
      return (await tokens.verify(await token)).name;
    } catch (error) {
      return (error as { reason?: string; code?: string }).reason ?? String(error);
    }
  };
}

describe('a token of an issuer with several keys', () => {
  it('may omit which of them signed it', async () => {
    const verify = await publish(json(200, { keys: [named(one, 'a'), named(other, 'b')] }));
    expect(await verify(sign(one))).toBe('ci');
    expect(await verify(sign(other))).toBe('ci');
    expect(await verify(sign(other, { kid: 'b' }))).toBe('ci');
    expect(await verify(sign(stranger))).toBe('refused');
    expect(await verify(sign(other, { kid: 'a' }))).toBe('refused');
    expect(await verify(sign(other, {}, { aud: 'other' }))).toBe('refused');
    expect(await verify(sign(other, {}, { exp: 1 }))).toBe('expired');
  });

  it.each([
    ['share a name', 'same'],
    ['have no name', undefined],
    ['have null as a name', null],
  ])('is tried with all keys that %s', async (_what, kid) => {
    const verify = await publish(json(200, { keys: [named(one, kid), named(other, kid)] }));
    const header = kid ? { kid } : {};
    expect(await verify(sign(one, header))).toBe('ci');
    expect(await verify(sign(other, header))).toBe('ci');
    expect(await verify(sign(stranger, header))).toBe('refused');
  });

  it('may name a key when the keys have no names', async () => {
    const verify = await publish(json(200, { keys: [named(one, undefined), named(other, 'b')] }));
    expect(await verify(sign(one, { kid: 'a' }))).toBe('ci');
    expect(await verify(sign(stranger, { kid: 'a' }))).toBe('refused');
    const both = [named(one, undefined), named(other, undefined)];
    await issuer?.close();
    const verifyBoth = await publish(json(200, { keys: both }));
    expect(await verifyBoth(sign(other, { kid: 'a' }))).toBe('ci');
  });

  it('is tried with at most 16 of them', async () => {
    const decoys = await Promise.all(
      Array.from({ length: 16 }, async () => named(await newIssuerKey('x'), 'x')),
    );
    const verify = await publish(
      json(200, { keys: [one.publicJwk, ...decoys, named(other, 'x')] }),
    );
    expect(await verify(sign(one))).toBe('ci');
    expect(await verify(sign(other))).toBe('refused');
  });

  it('is tried with no key for another purpose', async () => {
    const verify = await publish(
      json(200, {
        keys: [
          { ...one.publicJwk, use: 'enc' },
          { ...one.publicJwk, key_ops: ['encrypt'] },
          { ...one.publicJwk, alg: 'ES384' },
          { kty: 'RSA', x5c: ['MII'], kid: 'one' },
          { kty: 'oct', k: 'c2VjcmV0', kid: 'one', alg: 'HS256' },
          { ...other.publicJwk, use: null, alg: null, key_ops: null, x5c: null },
        ],
      }),
    );
    expect(await verify(sign(one, { kid: 'one' }))).toBe('refused');
    expect(await verify(sign(one))).toBe('refused');
    expect(await verify(sign(other))).toBe('ci');
  });
});

it('keys are read after a byte order mark, with any content type', async () => {
  const body = `\ufeff${JSON.stringify({ keys: [one.publicJwk] })}`;
  const verify = await publish(text(200, body, { 'content-type': 'text/html; charset=latin1' }));
  expect(await verify(sign(one))).toBe('ci');
});
