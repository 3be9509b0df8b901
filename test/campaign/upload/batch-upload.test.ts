import { describe, expect, it } from '@jest/globals';
import { createRunHarness, mappingOf } from '../support/run-harness.js';
import { type PlatformCall, type PlatformFault } from '../support/scripted-platform.js';
import { ids, people, runWith } from '../support/uploaded-people.js';

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

  it('aborts the batch when the source fails later', async () => {
    await using harness = await createRunHarness({ fileBytes: 256 });
    const path = await harness.write('people.csv', `${people(1_500)}x,"never closed`);
    const outcome = await harness.run(mappingOf({ kind: 'csv', path }));
    expect(outcome).toMatchObject({ kind: 'failed', code: 'ACP-880096', batchId: 'batch-1' });
    expect(harness.platform.batches.map(({ status }) => status)).toEqual(['aborted']);
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
