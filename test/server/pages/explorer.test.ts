import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestGateway, type TestGateway } from '../../support/test-gateway.js';

/** The Accept header of a browser that opens an address. */
const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

describe('the explorer’s addresses', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    // None of these tests calls the upstream.
    gateway = await startTestGateway('http://127.0.0.1:9');
  });
  afterAll(() => gateway.stop());

  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${gateway.url}${path}`, { headers, redirect: 'manual' });

  it.each(['/explorer', '/graphql'])(
    'lead a browser from %s to the explorer, whatever path the gateway has',
    async (path) => {
      const response = await get(path, BROWSER);
      expect(response.status).toBe(302);
      expect(response.headers.get('location')).toBe('./explorer/');
    },
  );

  it('leave GraphQL clients at /graphql', async () => {
    const accept = 'application/graphql-response+json';
    const response = await get('/graphql?query={__typename}', {
      accept,
      'apollo-require-preflight': '1',
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  });

  it.each([
    ['', 'text/html; charset=utf-8', 'no-cache'],
    ['sluice-init.js', 'text/javascript; charset=utf-8', 'no-cache'],
    ['main.js', 'application/javascript; charset=utf-8', 'no-cache'],
    ['assets/i18n/en-US.json', 'application/json; charset=utf-8', 'no-cache'],
  ])('serve %j as %s, to be revalidated', async (file, contentType, cacheControl) => {
    const response = await get(`/explorer/${file}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(contentType);
    expect(response.headers.get('cache-control')).toBe(cacheControl);
  });

  it('let browsers cache files with a hash in their name', async () => {
    const page = await (await get('/explorer/')).text();
    const chunk = /chunk-[A-Z0-9]{8}\.js/.exec(page)?.[0];
    const response = await get(`/explorer/${chunk}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  });

  it('isolate Altair’s plugin frame from the page’s origin', async () => {
    const response = await get('/explorer/iframe-sandbox/index.html');
    expect(response.headers.get('content-security-policy')).toBe('sandbox allow-scripts');
  });
});
