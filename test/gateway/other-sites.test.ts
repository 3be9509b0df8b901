import { describe, expect, it } from '@jest/globals';
import { query, useExposedGateway } from '../support/exposed-gateway.js';

const gateway = useExposedGateway();
const { start, post, upgrade } = gateway;

describe('pages of other sites', () => {
  const other = 'https://app.example.com';

  it('cannot open a socket, while programs and own pages can', async () => {
    await start({});
    expect(await upgrade({ origin: other })).toBe(403);
    expect(await upgrade({ origin: 'null' })).toBe(403);
    expect(await upgrade({ origin: `${gateway.url}.example.com` })).toBe(403);
    expect(await upgrade({ origin: gateway.url })).toBe(101);
    expect(await upgrade()).toBe(101);
  });

  it('can call and open sockets if their site is trusted', async () => {
    await start({}, { corsOrigins: [other] });
    expect(await upgrade({ origin: other })).toBe(101);
    expect(await upgrade({ origin: 'https://other.example.com' })).toBe(403);
    const response = await post({ query }, { origin: other });
    expect(response.headers.get('access-control-allow-origin')).toBe(other);
    const stranger = await post({ query }, { origin: 'https://other.example.com' });
    expect(stranger.headers.get('access-control-allow-origin')).toBeNull();
    const preflight = await fetch(`${gateway.url}/graphql`, {
      method: 'OPTIONS',
      headers: {
        origin: other,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, content-type',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toBe(
      'authorization, content-type',
    );
  });

  it('can read errors about what they send, however early those occur', async () => {
    await start({}, { corsOrigins: [other] });
    for (const path of ['/graphql%zz', '/nothing', '/graphql?query=%7B']) {
      const answer = await fetch(`${gateway.url}${path}`, { headers: { origin: other } });
      const { headers } = answer;
      expect(await answer.json()).toMatchObject({ errors: [{}] });
      expect(headers.get('access-control-allow-origin')).toBe(other);
      expect(headers.get('access-control-expose-headers')).toBe('retry-after');
      expect(headers.get('vary')).toBe('Origin');
      const stranger = await fetch(`${gateway.url}${path}`, {
        headers: { origin: 'https://other.example.com' },
      });
      expect(stranger.headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('receive no CORS header if no site is trusted', async () => {
    await start({});
    for (const method of ['POST', 'OPTIONS', 'GET']) {
      const { headers } = await fetch(`${gateway.url}/graphql`, {
        method,
        headers: { origin: other },
      });
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  it('cannot frame our pages, and browsers learn what our pages may do', async () => {
    await start({});
    for (const path of ['/graphql', '/explorer/', '/healthz', '/metrics', '/nothing']) {
      const { headers } = await fetch(`${gateway.url}${path}`);
      const own = path === '/explorer/' ? 'self' : 'none';
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none';/);
      expect(headers.get('content-security-policy')).toContain(`frame-ancestors '${own}'`);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('SAMEORIGIN');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-powered-by')).toBeNull();
    }
  });
});
