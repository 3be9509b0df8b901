import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { createPlatformClient } from '../../src/campaign/upload/platform-client.js';
import { startForwardProxy } from '../support/forward-proxy.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { createSkippingClock } from './support/driven-clock.js';
import { createRunHarness, mappingOf } from './support/run-harness.js';
import { type PlatformCall, type PlatformFault, recordsOf } from './support/scripted-platform.js';

const people = (count: number) =>
  [
    'id,name',
    ...Array.from({ length: count }, (_, index) => `p-${index + 1},Zoë ${index + 1}`),
    '',
  ].join('\n');

/** A run of so many people, with the faults scripted before. */
async function runWith(
  faults: readonly (readonly [PlatformCall, ...PlatformFault[]])[],
  { count = 3, fileBytes = 64 * 1024 } = {},
) {
  const harness = await createRunHarness({ fileBytes });
  const path = await harness.write('people.csv', people(count));
  for (const [call, ...wrong] of faults) harness.platform.fail(call, ...wrong);
  const outcome = await harness.run(mappingOf({ kind: 'csv', path }));
  return { harness, outcome };
}

const ids = (count: number) => Array.from({ length: count }, (_, index) => `p-${index + 1}`);

describe('an upload', () => {
  it('creates one batch, reports it while it is empty, and follows it to its end', async () => {
    await using harness = await createRunHarness({ fileBytes: 1_024 });
    const path = await harness.write('people.csv', people(100));
    harness.platform.report({ status: 'staging' }, { status: 'processing' }, { status: 'success' });

    const outcome = await harness.run(mappingOf({ kind: 'csv', path }));

    expect(outcome).toEqual({
      kind: 'succeeded',
      numRecords: 100,
      numRejected: 0,
      reason: '',
      batchId: 'batch-1',
    });
    expect(harness.told).toEqual(['created batch-1', 'whole batch-1', 'uploaded']);
    const [batch] = harness.platform.batches;
    expect(batch?.datasetId).toBe('6563a1f0c4d2e8b79a015e01');
    const files = [...(batch?.files ?? [])];
    expect(files.map(([name]) => name).slice(0, 2)).toEqual(['part-00001.json', 'part-00002.json']);
    for (const [, content] of files) expect(content.length).toBeLessThanOrEqual(1_024);
    expect(harness.platform.records().map(({ _id }) => _id)).toEqual(ids(100));
    expect(harness.platform.calls.filter((call) => call === 'token')).toHaveLength(1);
    expect(harness.platform.headersOf.get('upload')).toMatchObject({
      authorization: 'Bearer token-1',
      'x-api-key': 'platform-key',
      'x-gw-ims-org-id': 'acme@AdobeOrg',
      'x-sandbox-name': 'prod',
      'content-type': 'application/octet-stream',
      'content-length': String(files.at(-1)?.[1].length),
    });
  });

  it('uploads at most three files at a time', async () => {
    await using harness = await createRunHarness({ fileBytes: 1_024 });
    const path = await harness.write('people.csv', people(500));
    harness.platform.fail('upload', 'hang', 'hang', 'hang');
    const stopping = new AbortController();
    const running = harness.run(mappingOf({ kind: 'csv', path }), stopping.signal);
    for (let uploads = 0; uploads < 3; ) {
      await harness.platform.called('upload');
      uploads = harness.platform.calls.filter((call) => call === 'upload').length;
    }
    stopping.abort();
    expect(await running).toEqual({ kind: 'aborted', batchId: 'batch-1' });
    expect(harness.platform.calls.filter((call) => call === 'upload')).toHaveLength(3);
    expect(harness.platform.calls.filter((call) => call === 'create')).toHaveLength(1);
  });

  it('creates no batch if there is nothing to send', async () => {
    await using harness = await createRunHarness();
    const path = await harness.write('people.csv', 'id,name\n');
    const outcome = await harness.run(mappingOf({ kind: 'csv', path }));
    expect(outcome).toMatchObject({ kind: 'succeeded', numRecords: 0, batchId: null });
    expect(harness.platform.calls).toEqual([]);
  });

  it.each<[string, (readonly [PlatformCall, ...PlatformFault[]])[]]>([
    [
      '500 of everything',
      ['create', 'upload', 'complete', 'read'].map((call) => [
        call as PlatformCall,
        { status: 500 },
      ]),
    ],
    [
      'resets of everything',
      ['token', 'create', 'upload', 'complete', 'read'].map((call) => [
        call as PlatformCall,
        'reset',
      ]),
    ],
    [
      'lost answers of everything',
      ['token', 'create', 'upload', 'complete', 'read'].map((call) => [
        call as PlatformCall,
        'lost',
      ]),
    ],
    [
      '429 again and again',
      [['upload', { status: 429 }, { status: 429, headers: { 'retry-after': '7' } }]],
    ],
    [
      'an expired token',
      [
        [
          'upload',
          { status: 401, body: '{"error_code":"401013","message":"Oauth token is not valid"}' },
        ],
      ],
    ],
    [
      'a COMPLETE that is taken and not answered for long',
      [['complete', ...Array(20).fill('lost')]],
    ],
    ['HTML instead of JSON', [['read', { status: 200, body: '<html>' }]]],
  ])('comes through %s, with each record once', async (_what, faults) => {
    const { harness, outcome } = await runWith(faults);
    await using _ = harness;
    expect(outcome).toMatchObject({ kind: 'succeeded', numRecords: 3 });
    const { batches } = harness.platform;
    expect(batches.filter(({ status }) => status === 'completed')).toHaveLength(1);
    // The lost answer to a create is found again: no second batch.
    expect(batches).toHaveLength(1);
    expect(harness.platform.records().map(({ _id }) => _id)).toEqual(ids(3));
  });

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

  it('fetches one token for all calls, and renews it before it expires', async () => {
    const clock = createSkippingClock();
    await using harness = await createRunHarness({ clock });
    const { signal } = new AbortController();
    const tokens = () => harness.platform.calls.filter((call) => call === 'token').length;
    await Promise.all([1, 2, 3].map(() => harness.client.createBatch({ datasetId: 'd' }, signal)));
    expect(tokens()).toBe(1);
    // It is good for an hour.
    await clock.wait(58 * 60_000, signal);
    await harness.client.createBatch({ datasetId: 'd' }, signal);
    expect(tokens()).toBe(1);
    await clock.wait(90_000, signal);
    await harness.client.createBatch({ datasetId: 'd' }, signal);
    expect(tokens()).toBe(2);
    expect(harness.platform.headersOf.get('create')?.authorization).toBe('Bearer token-2');
  });

  it('replaces at most ten rejected tokens in five minutes', async () => {
    const clock = createSkippingClock();
    await using harness = await createRunHarness({ clock });
    const { client, platform } = harness;
    const { signal } = new AbortController();
    const tokens = () => platform.calls.filter((call) => call === 'token').length;
    platform.fail('read', ...Array(24).fill({ status: 401 }));
    for (let count = 0; count < 12; count += 1) {
      await expect(client.readBatch('b', signal)).rejects.toThrow('401');
    }
    expect(tokens()).toBe(11);
    await clock.wait(300_000, signal);
    await expect(client.readBatch('b', signal)).rejects.toThrow('401');
    expect(tokens()).toBe(12);
  });

  it.each(['403000', '403003', '403010', '403023'])(
    'keeps its token where a 401 says %s',
    async (error_code) => {
      await using harness = await createRunHarness();
      const { client, platform } = harness;
      platform.fail('read', { status: 401, body: JSON.stringify({ error_code }) });
      const read = client.readBatch('b', new AbortController().signal);
      await expect(read).rejects.toThrow(error_code);
      expect(platform.calls).toEqual(['token', 'read']);
    },
  );

  it('uses a given token, and has no other when it is rejected', async () => {
    await using harness = await createRunHarness();
    const { settings, fail, headersOf } = harness.platform;
    const token = { kind: 'fixed', accessToken: 'ready' } as const;
    const client = createPlatformClient({ ...settings, token }, createSkippingClock());
    const { signal } = new AbortController();
    await client.createBatch({ datasetId: 'd' }, signal);
    expect(headersOf.get('create')?.authorization).toBe('Bearer ready');
    fail('create', { status: 401 });
    await expect(client.createBatch({ datasetId: 'd' }, signal)).rejects.toThrow(
      'was answered with 401',
    );
    await client.close();
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

  it.each<[string, PlatformFault[], boolean, RegExp]>([
    [
      '413',
      [{ status: 413, body: 'too large' }],
      false,
      /^PUT .*part-00001.json was answered with 413: too large$/,
    ],
    [
      'a token that is refused twice',
      [
        { status: 401, body: '{"error_code":"401013","message":"Oauth token is not valid"}' },
        { status: 401 },
      ],
      false,
      /401/,
    ],
    [
      '500 without an end',
      Array.from({ length: 6 }, () => ({ status: 500 })),
      true,
      /500: no body$/,
    ],
  ])(
    'fails with ACP-880096 and aborts the batch: %s',
    async (_what, wrong, isTransient, reason) => {
      const { harness, outcome } = await runWith([['upload', ...wrong]]);
      await using _ = harness;
      expect(outcome).toEqual({
        kind: 'failed',
        code: 'ACP-880096',
        reason: expect.stringMatching(reason),
        numRejected: 0,
        batchId: 'batch-1',
        isTransient,
      });
      expect(harness.platform.batches[0]?.status).toBe('aborted');
    },
  );

  it('fails without a batch if none can be created, without revealing the secret', async () => {
    const { harness, outcome } = await runWith([
      [
        'token',
        {
          status: 401,
          body: '{"error":"invalid_client","error_description":"invalid client_secret parameter"}',
        },
      ],
    ]);
    await using _ = harness;
    expect(outcome).toEqual({
      kind: 'failed',
      code: 'ACP-880096',
      reason: 'POST /ims/token/v3 was answered with 401: invalid client_secret parameter',
      numRejected: 0,
      batchId: null,
      isTransient: false,
    });
  });

  it.each<[string, object, object]>([
    [
      'failed',
      {
        status: 'failed',
        errors: [
          { code: 'INGEST-1555-400', description: 'A required field is missing.', recordCount: 2 },
        ],
      },
      { isTransient: false, reason: 'INGEST-1555-400 A required field is missing. (2 records)' },
    ],
    [
      'stalled',
      { status: 'stalled' },
      { isTransient: true, reason: 'The batch is stalled on Platform.' },
    ],
    [
      'aborted by somebody',
      { status: 'aborted' },
      { isTransient: true, reason: 'The batch is aborted on Platform.' },
    ],
  ])(
    'fails with ACP-880096 and the batch where Platform has it %s',
    async (_what, report, failure) => {
      await using harness = await createRunHarness();
      const path = await harness.write('people.csv', people(3));
      harness.platform.report({ status: 'processing' }, report);
      expect(await harness.run(mappingOf({ kind: 'csv', path }))).toEqual({
        kind: 'failed',
        code: 'ACP-880096',
        numRejected: 0,
        batchId: 'batch-1',
        ...failure,
      });
    },
  );

  it.each([
    ['says that it failed', { outputRecordCount: 3, failedRecordCount: 2 }],
    ['says nothing of', { outputRecordCount: 3 }],
  ])('counts what Platform has left out and %s', async (_what, metrics) => {
    await using harness = await createRunHarness();
    const path = await harness.write('people.csv', people(5));
    harness.platform.report({ status: 'active', metrics });
    const outcome = await harness.run(mappingOf({ kind: 'csv', path }));
    expect(outcome).toMatchObject({ kind: 'succeeded', numRecords: 3, numRejected: 2 });
  });

  it('finds out what Platform left out although it counts nothing', async () => {
    await using harness = await createRunHarness();
    const path = await harness.write('people.csv', people(5));
    harness.platform.report({ status: 'success', metrics: null });
    const list = { status: 200, body: '{"data":[{"name":"a.json","length":9}]}' };
    const row = '{"_id":"p-2","_errors":[{"code":"X-1","message":"odd"}]}';
    const rows = { status: 200, body: row };
    harness.platform.fail('rowErrors', list, rows);
    expect(await harness.run(mappingOf({ kind: 'csv', path }))).toMatchObject({
      numRecords: 4,
      numRejected: 1,
      reason: 'Platform left 1 record out.',
    });
    expect(await harness.rejects()).toMatchObject([{ key: 'p-2', reason: 'Platform: X-1 odd' }]);
    expect(harness.platform.calls.filter((call) => call === 'rowErrors')).toHaveLength(2);
  });

  it.each<[string, PlatformFault[], object]>([
    ['401 for long', Array(40).fill({ status: 401, body: '{"error_code":"403000"}' }), {}],
    ['404 for long', Array(40).fill({ status: 404 }), {}],
    ['403 and no word', Array(40).fill({ status: 403 }), {}],
    ['nothing that is counted', [], { metrics: null, errors: null }],
    [
      'nulls among what is counted',
      [],
      { metrics: { outputRecordCount: null, failedRecordCount: null } },
    ],
    ['another batch', [{ status: 200, body: '{"b":{"status":"failed"}}' }], {}],
  ])(
    'follows a complete batch to its end though look-ups answer %s',
    async (_what, faults, more) => {
      await using harness = await createRunHarness();
      const path = await harness.write('people.csv', people(3));
      harness.platform.fail('read', ...faults);
      harness.platform.report({ status: 'success', ...more });
      expect(await harness.run(mappingOf({ kind: 'csv', path }))).toMatchObject({
        kind: 'succeeded',
        numRecords: 3,
      });
      expect(harness.platform.calls).not.toContain('abort');
      expect(harness.platform.batches).toHaveLength(1);
    },
  );

  it.each<[string, PlatformCall, PlatformFault]>([
    ['look-up', 'read', { status: 401, body: '{"error_code":"403000"}' }],
    ['COMPLETE and look-up', 'complete', 'lost'],
  ])(
    'without a verdict in six hours, for every %s fails, does not give its batch up',
    async (_what, call, fault) => {
      await using harness = await createRunHarness();
      const path = await harness.write('people.csv', people(3));
      harness.platform.fail('read', ...Array(5_000).fill({ status: 403 }));
      harness.platform.fail(call, ...Array(5_000).fill(fault));
      expect(await harness.run(mappingOf({ kind: 'csv', path }))).toMatchObject({
        kind: 'undecided',
        batchId: 'batch-1',
      });
      expect(harness.platform.calls).not.toContain('abort');
    },
  );

  it('aborts the batch when the source fails later', async () => {
    await using harness = await createRunHarness({ fileBytes: 256 });
    const path = await harness.write('people.csv', `${people(1_500)}x,"never closed`);
    const outcome = await harness.run(mappingOf({ kind: 'csv', path }));
    expect(outcome).toMatchObject({ kind: 'failed', code: 'ACP-880096', batchId: 'batch-1' });
    expect(harness.platform.batches.map(({ status }) => status)).toEqual(['aborted']);
  });

  it('is interrupted by its signal during an upload, and aborts the batch', async () => {
    await using harness = await createRunHarness();
    const path = await harness.write('people.csv', people(3));
    const stopping = new AbortController();
    harness.platform.fail('upload', ...Array.from({ length: 6 }, () => ({ status: 503 })));
    const running = harness.run(mappingOf({ kind: 'csv', path }), stopping.signal);
    await harness.platform.called('upload');
    stopping.abort();
    expect(await running).toEqual({ kind: 'aborted', batchId: 'batch-1' });
    expect(harness.platform.batches[0]?.status).toBe('aborted');
  });

  it('is interrupted after its batch is complete, and leaves the batch to be finished', async () => {
    await using harness = await createRunHarness();
    const path = await harness.write('people.csv', people(3));
    const stopping = new AbortController();
    harness.platform.report({ status: 'processing' });
    const running = harness.run(mappingOf({ kind: 'csv', path }), stopping.signal);
    await harness.platform.called('read');
    stopping.abort();
    expect(await running).toEqual({ kind: 'aborted', batchId: 'batch-1' });

    harness.platform.report({ status: 'success' });
    harness.platform.fail('complete', { status: 400, body: 'it is complete already' });
    const whole = harness.whole();
    if (whole === null) throw new Error('the run has not told of its whole batch');
    const ports = harness.portsOf(new AbortController().signal);
    expect(await harness.runner.finish(whole, null, ports)).toMatchObject({
      kind: 'succeeded',
      numRecords: 3,
      batchId: 'batch-1',
    });
    expect(harness.platform.batches.flatMap(recordsOf)).toHaveLength(3);
  });

  it('gives up on a batch that has ended already, silently', async () => {
    await using harness = await createRunHarness();
    const { signal } = new AbortController();
    const batchId = await harness.client.createBatch({ datasetId: 'd' }, signal);
    harness.platform.fail('abort', 'lost', { status: 400 });
    await harness.runner.abort(batchId, signal);
    expect(harness.platform.batches[0]?.status).toBe('aborted');
    await harness.runner.abort('a batch that Platform has forgotten', signal);
  });

  it('uses larger files for a large batch', async () => {
    const { harness, outcome } = await runWith([], { count: 1_000, fileBytes: 64 });
    await using _ = harness;
    expect(outcome).toMatchObject({ kind: 'succeeded', numRecords: 1_000 });
    const sizes = [...(harness.platform.batches[0]?.files.values() ?? [])].map(
      (file) => file.length,
    );
    expect(Math.max(...sizes.slice(0, 300))).toBeLessThanOrEqual(64);
    expect(Math.max(...sizes.slice(300))).toBeGreaterThan(64);
    expect(Math.max(...sizes.slice(300, 600))).toBeLessThanOrEqual(128);
    expect(harness.platform.records().map(({ _id }) => _id)).toEqual(ids(1_000));
  });

  it('rejects a record that is too large for any file', async () => {
    const { harness, outcome } = await runWith([], { fileBytes: 16 });
    await using _ = harness;
    expect(outcome).toMatchObject({
      kind: 'failed',
      code: 'ACP-880096',
      reason: expect.stringMatching(/^a record of \d+ bytes is larger than a file may be$/),
    });
  });
});
