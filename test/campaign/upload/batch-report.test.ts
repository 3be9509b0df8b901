import { describe, expect, it } from '@jest/globals';
import { createRunHarness, mappingOf } from '../support/run-harness.js';
import { type PlatformCall, type PlatformFault } from '../support/scripted-platform.js';
import { people } from '../support/uploaded-people.js';

describe('an upload', () => {
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
});
