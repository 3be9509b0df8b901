import { describe, expect, it } from '@jest/globals';
import {
  type Answer,
  createWorkspace,
  SETTINGS,
  startReceiver,
  useReceiver,
} from './support/running-receiver.js';

const receiver = useReceiver();

const PATHS = ['/data/foundation/catalog/batches', '/data/foundation/export/batches/x/failed'];

describe('a call that does not show what it must', () => {
  it.each([
    ['x-api-key', '', 403, '403000', 'Api Key is required'],
    ['x-api-key', 'other', 403, '403003', 'Api Key is invalid'],
    ['authorization', '', 403, '403010', 'Oauth token is missing.'],
    ['authorization', 'Bearer other', 401, '401013', 'Oauth token is not valid'],
    ['authorization', 'Basic YTpi', 401, '401013', 'Oauth token is not valid'],
    ['x-gw-ims-org-id', '', 400, '400003', 'Missing header'],
    ['x-gw-ims-org-id', 'other@AdobeOrg', 403, '403027', 'User region is missing'],
    ['x-sandbox-name', '', 400, '400003', 'Missing header'],
    ['x-sandbox-name', 'other', 403, '403025', 'Profile is not valid'],
  ])('%s: "%s" is answered with %i %s', async (header, value, httpStatus, error_code, message) => {
    for (const path of PATHS) {
      const answer = await receiver.call(path, { headers: { [header]: value } });
      expect(answer).toMatchObject({ httpStatus, json: { error_code, message } });
    }
  });
});

describe('a call as clients make it', () => {
  it('may have the id of the client for a key, as at Adobe', async () => {
    const headers = { 'x-api-key': 'client-1' };
    expect((await receiver.call(PATHS[0] ?? '', { headers })).httpStatus).toBe(200);
  });

  it('means the default sandbox if it names none', async () => {
    await using own = await createWorkspace();
    await using prod = await startReceiver({ ...own, sandbox: 'prod' });
    const call = (sandbox: string) =>
      prod.call(PATHS[0] ?? '', { headers: { 'x-sandbox-name': sandbox } });
    expect((await call('')).httpStatus).toBe(200);
    expect((await call('dev')).json).toMatchObject({ error_code: '403025' });
  });

  it.each(['/data/foundation/nowhere', '/nowhere', '/data/foundation/catalog/%E0%A4%A'])(
    'is turned away before it is told what is at %s',
    async (path) => {
      const answer = await receiver.call(path, { headers: { authorization: 'Bearer other' } });
      expect(answer).toMatchObject({ httpStatus: 401, json: { error_code: '401013' } });
    },
  );
});

describe('IMS', () => {
  const ask = (form: Record<string, string>): Promise<Answer> =>
    receiver.call('/ims/token/v3', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form).toString(),
    });
  const good = {
    grant_type: 'client_credentials',
    client_id: 'client-1',
    client_secret: 'secret-1',
  };

  it('issues a token that says how long it is good', async () => {
    const { json, headers } = await ask(good);
    expect(json).toEqual({
      access_token: expect.any(String),
      token_type: 'bearer',
      expires_in: 86_399,
    });
    expect(headers['cache-control']).toBe('no-store');
  });

  it.each([
    [{ client_secret: 'other' }, 401, 'invalid_client', 'invalid client_secret parameter'],
    [{ client_id: 'other' }, 401, 'invalid_client', 'invalid client_id parameter'],
    [{ client_id: '' }, 400, 'invalid_request', 'missing client_id parameter'],
    [{ grant_type: '' }, 400, 'invalid_request', 'missing grant_type parameter'],
    [
      { grant_type: 'password' },
      400,
      'unsupported_grant_type',
      'grant_type must be client_credentials',
    ],
  ])('refuses %j', async (change, httpStatus, error, error_description) => {
    const answer = await ask({ ...good, ...change });
    expect(answer).toMatchObject({ httpStatus, json: { error, error_description } });
  });

  it('ends a token when its time is over', async () => {
    await using own = await createWorkspace();
    let now = Date.now();
    const clock = { now: () => now, monotonicMs: () => now, wait: async () => {} };
    await using short = await startReceiver({ ...own, tokenLifetimeS: 10, clock });
    expect((await short.call(PATHS[0] ?? '')).httpStatus).toBe(200);
    now += 10_000;
    expect(await short.call(PATHS[0] ?? '')).toMatchObject({
      httpStatus: 401,
      json: { error_code: '401013' },
    });
  });
});

describe('a rate limit', () => {
  it('is answered with 429050 and the seconds until the next minute', async () => {
    await using own = await createWorkspace();
    let now = Date.now();
    const clock = { now: () => now, monotonicMs: () => now, wait: async () => {} };
    await using limited = await startReceiver({ ...own, maxCallsPerMinute: 2, clock });
    const list = () => limited.call(PATHS[0] ?? '');
    expect([(await list()).httpStatus, (await list()).httpStatus]).toEqual([200, 200]);
    now += 20_000;
    expect(await list()).toMatchObject({
      httpStatus: 429,
      headers: { 'retry-after': '40' },
      json: { error_code: '429050', message: 'Too many requests' },
    });
    now += 40_000;
    expect((await list()).httpStatus).toBe(200);
  });
});

describe('the service’s own refusals', () => {
  it.each([
    ['/data/foundation/catalog/batches/unknown', 404, 'NotFoundError', 'There is no batch unknown'],
    ['/data/foundation/nowhere', 404, 'NotFoundError', 'There is nothing at this path'],
    ['/%E0%A4%A', 400, 'BadRequestError', 'The path cannot be decoded'],
    [`/${'x'.repeat(2_000)}`, 414, 'UriTooLongError', 'The URL exceeds 2000 characters'],
  ])('of %s', async (path, status, title, detail) => {
    expect(await receiver.call(path)).toMatchObject({
      httpStatus: status,
      json: { type: '/placeholder/type/uri', status, title, detail },
    });
  });

  it('never show the tenant’s secrets', async () => {
    const { text } = await receiver.call('/data/foundation/catalog/batches/unknown');
    expect(text).not.toContain(SETTINGS.apiKey);
  });
});
