import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestGateway, type TestGateway } from '../../support/test-gateway.js';

describe('the console’s addresses', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    // None of these tests calls the upstream.
    gateway = await startTestGateway('http://127.0.0.1:9');
  });
  afterAll(() => gateway.stop());

  it('serve a page that loads nothing from other hosts and is revalidated', async () => {
    const response = await fetch(`${gateway.url}/`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-cache');
    const policy = response.headers.get('content-security-policy');
    expect(policy).toContain("script-src 'self'; style-src 'self';");
    expect(policy).not.toContain('unsafe');
    expect(await response.text()).toContain(
      '{&quot;explorerPath&quot;:&quot;/explorer/&quot;,&quot;openId&quot;:null}',
    );
  });

  it('allow calls to the configured OpenID provider, and name it', async () => {
    const openId = { issuer: 'https://login.test/realm', clientId: 'console', scope: 'openid' };
    const other = await startTestGateway('http://127.0.0.1:9', { openId });
    const response = await fetch(`${other.url}/`);
    await other.stop();
    const policy = response.headers.get('content-security-policy');
    expect(policy).toContain("connect-src 'self' https://login.test;");
    expect(await response.text()).toContain(
      JSON.stringify({ openId }).slice(1, -1).replaceAll('"', '&quot;'),
    );
  });

  it('let browsers cache its parts, which are at most 180 KB compressed', async () => {
    const page = await (await fetch(`${gateway.url}/`)).text();
    const paths = [...page.matchAll(/(?:src|href)="\.(\/console\/[^"]+)"/g)].map(
      ([, path = '']) => path,
    );
    expect(paths.length).toBeGreaterThan(1);
    const parts = await Promise.all(paths.map((path) => fetch(`${gateway.url}${path}`)));
    for (const { headers } of parts) {
      expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    }
    const bytes = await Promise.all(parts.map(async (part) => part.arrayBuffer()));
    const compressed = bytes.map((part) => gzipSync(part).length);
    expect(compressed.reduce((sum, size) => sum + size)).toBeLessThan(180_000);
  });

  it.each(['br', 'gzip', null])('serve them as a browser accepts them: %s', async (encoding) => {
    const page = await (await fetch(`${gateway.url}/`)).text();
    const [, path] = /src="\.(\/console\/[^"]+\.js)"/.exec(page) ?? [];
    const part = await fetch(`${gateway.url}${path}`, {
      headers: { 'accept-encoding': encoding ?? 'identity' },
    });
    expect(part.headers.get('content-encoding')).toBe(encoding);
    expect(part.headers.get('content-type')).toBe('application/javascript; charset=utf-8');
    expect(part.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(part.headers.get('vary')).toContain('accept-encoding');
    expect(await part.text()).toContain('ingestionActivity');
  });
});
