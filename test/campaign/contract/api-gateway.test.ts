import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readApiKeysFrom, readClientsFrom } from '../../../src/campaign/http/credentials-file.js';
import type { UsageLimits } from '../../../src/campaign/http/usage-limits.js';
import { documented, seen, startOwn } from '../support/documented-answer.js';
import { createDrivenClock } from '../support/driven-clock.js';
import { createWorkspace, type RunningService } from '../support/running-service.js';
import { type Answer, API_KEY, ingestPath } from '../support/service-client.js';

describe('the API gateway in front: whom it turns away', () => {
  const STARTER = { clientId: 'starter', clientSecret: 'the-secret-of-starter' };
  const READER = { clientId: 'reader', clientSecret: 'the-secret-of-reader' };
  const TOKEN_LIFETIME_S = 60;

  let space: Awaited<ReturnType<typeof createWorkspace>>;
  let guarded: RunningService;
  let keysFile: string;
  let clientsFile: string;
  const clock = createDrivenClock();

  beforeAll(async () => {
    space = await createWorkspace();
    keysFile = join(space.mappingsDir, 'keys.txt');
    clientsFile = join(space.mappingsDir, 'clients.txt');
    const clients = [
      { ...STARTER, roles: ['sqlFunctionExecution'] },
      { ...READER, roles: [] },
    ];
    await writeFile(keysFile, API_KEY);
    await writeFile(clientsFile, JSON.stringify({ clients }));
    guarded = await startOwn({
      credentials: { apiKeys: readApiKeysFrom(keysFile), clients: readClientsFrom(clientsFile) },
      tokenLifetimeS: TOKEN_LIFETIME_S,
      clock,
    });
  });

  afterAll(async () => {
    await guarded.stop();
    await space[Symbol.asyncDispose]();
  });

  type Method = 'GET' | 'POST';
  const call = (method: Method, headers: Record<string, string>, organization = 'acme') =>
    guarded.call(`${ingestPath('M', organization)}?requestId=1`, { method, headers });

  /** Headers that nothing is wrong with. */
  async function headersOf(client = STARTER) {
    return { 'x-api-key': API_KEY, authorization: `Bearer ${await guarded.signIn(client)}` };
  }

  async function callWithout(file: string, method: Method): Promise<Answer> {
    const headers = await headersOf();
    await rename(file, `${file}.away`);
    try {
      return await call(method, headers);
    } finally {
      await rename(`${file}.away`, file);
    }
  }

  /** One call more than a limit of one allows, half a minute before midnight. */
  async function callTwice(method: Method, usageLimits: UsageLimits): Promise<Answer> {
    const clock = createDrivenClock(Date.UTC(2026, 0, 1, 23, 59, 30));
    await using limited = await startOwn({ usageLimits, clock });
    const { headers } = limited;
    await limited.call(ingestPath('M'), { method, headers });
    return await limited.call(ingestPath('M'), { method, headers });
  }

  interface Row {
    readonly http: number;
    readonly code: string;
    readonly message: string;
    readonly retryAfter?: string;
    readonly cause: string;
    readonly ask: (method: Method) => Promise<Answer>;
  }

  it.each<Row>([
    {
      http: 403,
      code: '403000',
      message: 'Api Key is required',
      cause: 'no key',
      ask: async (method) => {
        const { authorization } = await headersOf();
        return call(method, { authorization });
      },
    },
    {
      http: 403,
      code: '403003',
      message: 'Api Key is invalid',
      cause: 'a key that nobody was given',
      ask: async (method) => call(method, { ...(await headersOf()), 'x-api-key': 'other' }),
    },
    {
      http: 403,
      code: '403010',
      message: 'Oauth token is missing.',
      cause: 'no token',
      ask: (method) => call(method, { 'x-api-key': API_KEY }),
    },
    {
      http: 401,
      code: '401013',
      message: 'Oauth token is not valid',
      cause: 'a token that nobody issued',
      ask: (method) => call(method, { 'x-api-key': API_KEY, authorization: 'Bearer abc' }),
    },
    {
      http: 401,
      code: '401013',
      message: 'Oauth token is not valid',
      cause: 'a token whose time is over',
      ask: async (method) => {
        const headers = await headersOf();
        clock.advance(TOKEN_LIFETIME_S * 1_000);
        return call(method, headers);
      },
    },
    {
      http: 403,
      code: '403023',
      message: 'Profile is not valid',
      cause: 'a start by a client without the role',
      // Only a start needs it.
      ask: async () => call('POST', await headersOf(READER)),
    },
    {
      http: 429,
      code: '429050',
      message: 'Too many requests',
      retryAfter: '1',
      cause: 'more calls than a second may have',
      ask: (method) => callTwice(method, { maxCallsPerSecond: 1, maxCallsPerDay: null }),
    },
    {
      http: 429,
      code: '429001',
      message: 'Service usage limit reached',
      retryAfter: '30',
      cause: 'more calls than a day may have',
      ask: (method) => callTwice(method, { maxCallsPerSecond: null, maxCallsPerDay: 1 }),
    },
    {
      http: 503,
      code: '503000',
      message: 'Could not validate Api Key',
      cause: 'the keys cannot be read',
      ask: (method) => callWithout(keysFile, method),
    },
    {
      http: 503,
      code: '503010',
      message: 'Could not validate the oauth token',
      cause: 'the clients cannot be read',
      ask: (method) => callWithout(clientsFile, method),
    },
  ])('$http $code: $cause', async ({ http, code, message, retryAfter, ask }) => {
    for (const method of ['POST', 'GET'] as const) {
      expect(seen(await ask(method))).toEqual({
        ...documented({ error_code: code, message }, http),
        retryAfter,
      });
    }
  });

  it.each(['POST', 'GET'] as const)(
    'the other envelope: a %s for another organization',
    async (method) => {
      const message = 'Oops. Something went wrong. Check your URI and try again.';
      expect(seen(await call(method, await headersOf(), 'umbrella'))).toEqual(
        documented({ code: 500, message }, 500),
      );
    },
  );
});
