import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createOpenIdOrigins } from '../../../src/server/pages/open-id-origins.js';
import { createManualClock } from '../../support/manual-clock.js';
import {
  json,
  type ScriptedAnswer,
  startScriptedUpstream,
  text,
} from '../../support/scripted-upstream.js';
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

  it('allow calls to the provider’s token endpoint on another origin', async () => {
    const provider = await startScriptedUpstream();
    provider.script(json(200, { token_endpoint: 'https://oauth2.test/token' }));
    const openId = { issuer: provider.url, clientId: 'console', scope: 'openid' };
    const other = await startTestGateway('http://127.0.0.1:9', { openId });
    const { headers } = await fetch(`${other.url}/`);
    await other.stop();
    await provider.close();
    expect(headers.get('content-security-policy')).toContain(
      `connect-src 'self' ${provider.url} https://oauth2.test;`,
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

describe('the origins of an OpenID provider', () => {
  it('are looked up again after ten minutes, or five seconds if that failed, and kept until then', async () => {
    const provider = await startScriptedUpstream();
    const clock = createManualClock();
    const failures: unknown[] = [];
    const find = createOpenIdOrigins({
      issuer: provider.url,
      clock,
      onFailed: (error) => failures.push(error),
    });
    const foundAfter = async (ms: number, answer: ScriptedAnswer) => {
      provider.script(answer);
      await clock.advance(ms - 1);
      const [before] = await Promise.all([find(), find()]);
      await clock.advance(1);
      const [after] = await Promise.all([find(), find()]);
      return [before, after];
    };
    const naming = (endpoint: string) => json(200, { token_endpoint: endpoint });
    const one = [provider.url];
    const two = [provider.url, 'https://oauth2.test'];
    provider.script(naming('ftp://oauth2.test/token'));
    expect(await find()).toEqual(one);
    expect(await foundAfter(5_000, naming('https://oauth2.test/token'))).toEqual([one, two]);
    expect(await foundAfter(600_000, text(503, 'down'))).toEqual([two, two]);
    expect(await foundAfter(5_000, naming(`${provider.url}/token`))).toEqual([two, one]);
    await provider.close();
    expect(failures).toMatchObject([
      { message: expect.stringContaining('is not safe: ftp://oauth2.test') },
      { message: `${provider.url}/.well-known/openid-configuration answers HTTP 503` },
    ]);
    expect(provider.calls).toHaveLength(4);
  });
});
