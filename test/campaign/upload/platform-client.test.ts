import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { createPlatformClient } from '../../../src/campaign/upload/platform-client.js';
import { startForwardProxy } from '../../support/forward-proxy.js';
import { startTcpProxy } from '../../support/tcp-proxy.js';
import { createSkippingClock } from '../support/driven-clock.js';
import { createRunHarness, mappingOf } from '../support/run-harness.js';
import { people } from '../support/uploaded-people.js';

describe('an upload', () => {
  const created = '{"id":"batch-1"}';
  it.each([
    ['gzip', gzipSync(created), 'gzip'],
    ['deflate', deflateSync(created), 'deflate'],
    ['Brotli within gzip', gzipSync(brotliCompressSync(created)), 'br, gzip'],
    ['gzip, not told', gzipSync(created), ''],
    ['nothing, told to be gzip', Buffer.from(created), 'gzip'],
  ])('reads an answer that came compressed unasked: %s', async (_, body, encoding) => {
    await using harness = await createRunHarness();
    const { client, platform } = harness;
    platform.fail('create', { status: 201, body, headers: { 'content-encoding': encoding } });
    expect(await client.createBatch({ datasetId: 'd' }, new AbortController().signal)).toBe(
      'batch-1',
    );
    expect(platform.headersOf.get('create')?.['accept-encoding']).toBe('identity');
  });

  it('does not unpack an answer made to fill the memory', async () => {
    await using harness = await createRunHarness();
    const { client, platform } = harness;
    const body = gzipSync(Buffer.alloc(65 * 1024 * 1024));
    const headers = { 'content-encoding': 'gzip' };
    platform.fail('create', { status: 201, body, headers });
    expect(await client.createBatch({ datasetId: 'd' }, new AbortController().signal)).toBe(
      'batch-1',
    );
    expect(platform.calls).toContain('list');
  });

  it('waits until a date that Platform gives, by Platform’s clock', async () => {
    const clock = createSkippingClock();
    await using harness = await createRunHarness({ clock });
    const path = await harness.write('people.csv', people(1));
    const headers = {
      date: 'Thu, 01 Jan 2009 12:00:00 GMT',
      'retry-after': 'Thu, 01 Jan 2009 12:01:30 GMT',
    };
    harness.platform.fail('upload', { status: 429, headers });
    const startedAt = clock.now();
    await harness.run(mappingOf({ kind: 'csv', path }));
    expect(clock.now() - startedAt).toBeGreaterThanOrEqual(90_000);
  });

  it('goes through the proxy, and names it if it is down', async () => {
    await using harness = await createRunHarness();
    const { settings } = harness.platform;
    const proxy = await startForwardProxy(settings.url);
    const token = { kind: 'fixed', accessToken: 'ready' } as const;
    const given = { ...settings, url: 'http://platform.invalid', token };
    const { signal } = new AbortController();
    const clock = createSkippingClock();
    const through = (url: string) =>
      createPlatformClient(given, clock, () => ({ url, variable: 'HTTP_PROXY' }));
    const client = through(proxy.url);
    const batchId = await client.createBatch({ datasetId: 'd' }, signal);
    await client.uploadFile({ batchId, datasetId: 'd', name: 'f', content: Buffer.of(1) }, signal);
    await client.close();
    await proxy.close();
    expect(proxy.asked).toEqual([
      'POST http://platform.invalid/data/foundation/import/batches',
      expect.stringContaining('PUT http://platform.invalid/data/foundation/import/batches/'),
    ]);
    const lost = through('http://me:planted@127.0.0.1:9');
    await expect(lost.createBatch({ datasetId: 'd' }, signal)).rejects.toThrow(
      'had no answer by way of the proxy http://127.0.0.1:9 (HTTP_PROXY): connect ECONNREFUSED 127.0.0.1:9',
    );
    await lost.close();
  });

  it('creates batches over connections that no middlebox can have dropped', async () => {
    await using harness = await createRunHarness();
    const { settings, calls } = harness.platform;
    const proxy = await startTcpProxy(settings.url);
    const token = { kind: 'fixed', accessToken: 'ready' } as const;
    const given = { ...settings, url: new URL(proxy.url).origin, token };
    const client = createPlatformClient(given, createSkippingClock());
    const { signal } = new AbortController();
    const batchId = await client.createBatch({ datasetId: 'd' }, signal);
    await client.readBatch(batchId, signal);
    proxy.forget();
    await client.createBatch({ datasetId: 'd' }, signal);
    await client.close();
    await proxy.close();
    expect(calls).toEqual(['create', 'read', 'create']);
  });

  it('waits as long as Retry-After says', async () => {
    const clock = createSkippingClock();
    await using harness = await createRunHarness({ clock });
    const path = await harness.write('people.csv', people(1));
    harness.platform.fail('upload', { status: 429, headers: { 'retry-after': '90' } });
    const startedAt = clock.now();
    await harness.run(mappingOf({ kind: 'csv', path }));
    expect(clock.now() - startedAt).toBeGreaterThanOrEqual(90_000);
  });
});
