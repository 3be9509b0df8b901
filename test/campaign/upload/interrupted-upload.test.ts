import { describe, expect, it } from '@jest/globals';
import { createRunHarness, mappingOf } from '../support/run-harness.js';
import { recordsOf } from '../support/scripted-platform.js';
import { people } from '../support/uploaded-people.js';

describe('an upload', () => {
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
});
