import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { systemClock } from '../../../src/process/system-clock.js';
import { newApiKey } from '../../../src/server/sign-in/api-keys.js';
import { createSignIn } from '../../../src/server/sign-in/sign-in.js';
import { privateExposure, publicExposure } from '../../support/exposure.js';
import { silentLogger } from '../../support/silent-logger.js';
import {
  type Asked,
  type Case,
  newQuestion,
  padded,
  shared,
  toJson,
  unshared,
  useRepeatedQuestions,
} from './repeated-questions.js';

const { gateway, start, ask, expectAlike } = useRepeatedQuestions();

/** What questions that differ only in their names leave alike. */
function withoutNames({ reports, ...left }: Awaited<ReturnType<typeof ask>>['left']) {
  return { ...left, reports: reports.map(({ name, ...report }) => report) };
}

describe('a repeated question, with sign-in, another site and a proxy,', () => {
  const SITE = 'https://app.example.com';
  const rights = ['ingestion:read'] as const;
  const [reader, expired, stranger] = [newApiKey(), newApiKey(), newApiKey()];
  const toKey = (name: string, { sha256 }: typeof reader, expiresAt: number | null) => ({
    name,
    sha256,
    rights: [...rights],
    mappings: { kind: 'all' } as const,
    expiresAt,
  });
  const as = ({ key }: typeof reader, ...more: string[]): Asked => ({
    more: [`Authorization: Bearer ${key}`, ...more],
  });

  const cases: Case[] = [
    ['of a caller', as(reader), shared],
    ['of a caller who has expired', as(expired), unshared(401)],
    ['of a stranger', as(stranger), unshared(401)],
    ['of nobody', {}, unshared(401)],
    ['of a caller in small letters', { more: [`authorization: bearer  ${reader.key}`] }, shared],
    ['with a second key', as(reader, `Authorization: Bearer ${stranger.key}`), shared],
    ['with a second key first', as(stranger, `Authorization: Bearer ${reader.key}`), unshared(401)],
    ['from the other site', as(reader, `Origin: ${SITE}`), shared],
    ['from a foreign site', as(reader, 'Origin: https://evil.test'), shared],
    ['from a page without an origin', as(reader, 'Origin: null'), shared],
    ['from a page that says no more', as(reader, 'Sec-Fetch-Site: cross-site'), shared],
    ['to any host', { ...as(reader), host: 'sluice.example.com' }, shared],
    ['from a client behind the proxy', as(reader, 'X-Forwarded-For: 203.0.113.7'), shared],
    ['from somebody behind the proxy', as(reader, 'X-Forwarded-For: unknown, x'), shared],
    ['that accepts gzip', as(reader, 'Accept-Encoding: gzip'), shared],
    ['in chunks', { ...as(reader), isChunked: true }, shared],
    ['on a connection to be closed', as(reader, 'Connection: close'), shared],
    ['in HTTP/1.0', { ...as(reader), line: 'POST /graphql HTTP/1.0' }, shared],
  ];

  beforeAll(() =>
    start(99, {
      exposure: {
        ...publicExposure,
        limits: privateExposure.limits,
        corsOrigins: [SITE],
        trustedProxies: ['127.0.0.1'],
      },
      signIn: createSignIn(
        {
          accessTokens: null,
          apiKeys: [toKey('reader', reader, null), toKey('expired', expired, 1)],
        },
        systemClock,
        silentLogger,
      ),
    }),
  );
  afterAll(() => gateway.stop());

  it.each(cases)('gets the same answer and counts the same as the first: %s', expectAlike);

  const header = fc.constantFrom(
    'Accept: */*',
    'Accept: application/graphql-response+json',
    'Accept: text/html',
    'Accept-Encoding: br',
    'Accept-Encoding: gzip;q=0.5, identity;q=0.1',
    'Connection: close',
    'Content-Encoding: identity',
    'Expect: 100-continue',
    `Origin: ${SITE}`,
    'Origin: https://evil.test',
    'Sec-Fetch-Site: same-origin',
    'Upgrade: h2c',
    'X-Forwarded-For: 203.0.113.7',
  );
  const anyRequest = fc.record({
    line: fc.constantFrom(
      'POST /graphql HTTP/1.1',
      'POST /graphql HTTP/1.0',
      'POST /graphql/ HTTP/1.1',
    ),
    type: fc.constantFrom(
      'application/json',
      'application/json; charset=utf-8',
      'application/json; charset="utf-8"',
      'application/json; charset=latin1',
    ),
    more: fc
      .tuple(
        fc.constantFrom(reader, reader, reader, expired, stranger),
        fc.array(header, { maxLength: 4 }),
      )
      .map(([caller, headers]) => as(caller, ...headers).more ?? []),
    toBody: fc.constantFrom(
      toJson,
      padded(100),
      padded(20_000),
      (query: string) => ` ${toJson(query)}`,
      (query: string) => `{"query":"{ no }","query":${JSON.stringify(query)}}`,
      (query: string) => `[${toJson(query)}]`,
    ),
    isChunked: fc.boolean(),
  });

  it('gets the same answer, however it is sent and was sent before', async () => {
    await fc.assert(
      fc.asyncProperty(anyRequest, anyRequest, async (asked, before) => {
        const first = await ask(asked, newQuestion());
        const query = newQuestion();
        await ask(before, query);
        const second = await ask(asked, query);
        const third = await ask(asked, query);
        expect(withoutNames(second.left)).toEqual(withoutNames(first.left));
        expect(third.left).toEqual(second.left);
      }),
      { numRuns: 60 },
    );
  });
});
