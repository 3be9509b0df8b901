import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDrivenClock } from '../support/driven-clock.js';
import {
  createWorkspace,
  mappingYaml,
  type RunningService,
  startService,
} from '../support/running-service.js';
import { API_KEY, CLIENT, ingestPath } from '../support/service-client.js';

const CAMPAIGN_ERROR = 'RST-360011 An error has occurred - please contact your administrator.';
const OOPS = 'Oops. Something went wrong. Check your URI and try again.';

let space: Awaited<ReturnType<typeof createWorkspace>>;
let service: RunningService;
const clock = createDrivenClock();

beforeAll(async () => {
  space = await createWorkspace({ 'a.yaml': mappingYaml('M') });
  service = await startService({ ...space, clock, tokenLifetimeS: 60 });
});

afterAll(async () => {
  await service.stop();
  await space[Symbol.asyncDispose]();
});

describe('the gateway in front', () => {
  it('rejects a token of another scheme as invalid', async () => {
    const headers = { 'x-api-key': API_KEY, authorization: 'Basic YTpi' };
    const { httpStatus, json } = await service.call(ingestPath('M'), { headers });
    expect([httpStatus, json]).toMatchObject([401, { error_code: '401013' }]);
  });

  it('accepts a token until it expires, then only a new one', async () => {
    const ask = (token: string) =>
      service.call(`${ingestPath('M')}?requestId=9`, {
        headers: { ...service.headers, authorization: `Bearer ${token}` },
      });
    const token = await service.signIn();
    clock.advance(59_999);
    expect((await ask(token)).httpStatus).toBe(404);
    clock.advance(1);
    expect((await ask(token)).json).toMatchObject({ error_code: '401013' });
    expect((await ask(await service.signIn())).httpStatus).toBe(404);
  });
});

describe('IMS', () => {
  const good = {
    grant_type: 'client_credentials',
    client_id: CLIENT.clientId,
    client_secret: CLIENT.clientSecret,
    scope: 'openid',
  };
  const ask = (form: Record<string, string>, type = 'application/x-www-form-urlencoded') =>
    service.call('/ims/token/v3', {
      method: 'POST',
      headers: { 'content-type': type },
      body: new URLSearchParams(form).toString(),
    });

  it('issues a bearer token with its lifetime in seconds', async () => {
    const { httpStatus, json, headers } = await ask(good);
    expect(httpStatus).toBe(200);
    expect(json).toEqual({
      access_token: expect.stringMatching(/^[\w-]{43}$/),
      token_type: 'bearer',
      expires_in: 60,
    });
    expect(headers['cache-control']).toBe('no-store');
  });

  it('accepts its parameters in the query, too', async () => {
    const query = new URLSearchParams(good).toString();
    const { httpStatus } = await service.call(`/ims/token/v3?${query}`, { method: 'POST' });
    expect(httpStatus).toBe(200);
  });

  it.each([
    [401, 'invalid_client', { ...good, client_id: 'other' }],
    [401, 'invalid_client', { ...good, client_secret: 'other' }],
    [400, 'invalid_request', { ...good, client_secret: '' }],
    [400, 'invalid_request', {}],
    [400, 'unsupported_grant_type', { ...good, grant_type: 'password' }],
  ])('answers %i %s to %j', async (httpStatus, error, form) => {
    const answer = await ask(form);
    expect(answer.httpStatus).toBe(httpStatus);
    expect(answer.json).toEqual({ error, error_description: expect.any(String) });
  });

  it('does not read a form of another content type', async () => {
    expect((await ask(good, 'text/plain')).json).toMatchObject({ error: 'invalid_request' });
  });
});

describe('an invalid call', () => {
  it.each([
    ['an unknown request', 'GET', `${ingestPath('M')}?requestId=77`, undefined, 404],
    ['a request id that is none', 'GET', `${ingestPath('M')}?requestId=1e3`, undefined, 400],
    ['two request ids', 'GET', `${ingestPath('M')}?requestId=1&requestId=2`, undefined, 400],
    ['no request id', 'GET', ingestPath('M'), undefined, 400],
    ['the body as Adobe prints it', 'GET', ingestPath('M'), '{"requestId"="1"}', 400],
    ['a body that is null', 'GET', ingestPath('M'), 'null', 400],
    ['a body without end', 'POST', ingestPath('M'), 'x'.repeat(70_000), 413],
  ] as const)('%s gets the error of Campaign', async (_what, method, path, body, httpStatus) => {
    const call = { method, headers: await freshHeaders() };
    const answer = await service.call(path, body === undefined ? call : { ...call, body });
    expect(answer.httpStatus).toBe(httpStatus);
    expect(answer.text).toBe(CAMPAIGN_ERROR);
  });

  it('is refused for an unknown mapping in the usual form', async () => {
    const headers = await freshHeaders();
    const answer = await service.call(ingestPath('other'), { method: 'POST', headers });
    expect(answer.httpStatus).toBe(404);
    expect(answer.json).toEqual({
      info: 'Unable to submit data ingestion request, XDM Mapping ID: other does not exist',
      status: 'Failed',
    });
  });

  it.each([
    ['a path that leads nowhere', 'GET', '/'],
    ['a path that cannot be decoded', 'GET', ingestPath('M').replace('/M/', '/%ZZ/')],
    ['a method that there is not', 'DELETE', ingestPath('M')],
  ] as const)('%s gets the Oops of the gateway', async (_what, method, path) => {
    const answer = await service.call(path, { method, headers: await freshHeaders() });
    expect(answer.httpStatus).toBe(404);
    expect(answer.json).toEqual({ code: 404, message: OOPS });
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each(['/', ingestPath('M').replace('/M/', '/%ZZ/'), '/acme/nowhere'])(
    'is turned away before it is told what is at %s',
    async (path) => {
      const headers = { ...(await freshHeaders()), authorization: 'Bearer other' };
      const answer = await service.call(path, { method: 'GET', headers });
      expect(answer).toMatchObject({ httpStatus: 401, json: { error_code: '401013' } });
      const without = await service.call(path, { method: 'GET', headers: {} });
      expect(without).toMatchObject({ httpStatus: 403, json: { error_code: '403000' } });
    },
  );

  it('gets a 400 if it is not HTTP, and the next call is served', async () => {
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await new Promise((resolve) => socket.on('close', resolve).end('no such thing\r\n\r\n'));
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1.1 400 /);
    expect((await service.post('other')).httpStatus).toBeGreaterThanOrEqual(400);
  });

  async function freshHeaders() {
    return { ...service.headers, authorization: `Bearer ${await service.signIn()}` };
  }
});
