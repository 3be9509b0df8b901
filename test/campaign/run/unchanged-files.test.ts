import { appendFile, utimes } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { skipUnchangedFiles } from '../../../src/campaign/run/unchanged-files.js';
import type { Watermark } from '../../../src/campaign/source/watermark.js';
import type { RunOutcome } from '../../../src/campaign/state/run-outcome.js';
import { createRunHarness, mappingOf } from '../support/run-harness.js';

async function createRuns() {
  const harness = await createRunHarness();
  let reads = 0;
  let watermark: Watermark | null = null;
  const clock = { now: () => Date.now() + 60_000 };
  const runner = skipUnchangedFiles(
    {
      ...harness.runner,
      run(...args) {
        reads += 1;
        return harness.runner.run(...args);
      },
    },
    clock,
  );
  return {
    harness,
    reads: () => reads,
    async run(mapping: Parameters<typeof harness.run>[0]): Promise<RunOutcome> {
      let reached: Watermark | null = null;
      const outcome = await runner.run(mapping, watermark, {
        ...harness.portsOf(new AbortController().signal),
        onSourceRead(found) {
          reached = found;
        },
      });
      if (outcome.kind === 'succeeded') watermark = reached;
      return outcome;
    },
    forget() {
      watermark = null;
    },
  };
}

describe('a file that has not changed', () => {
  it('is not read again until it changes, or everything is to be resent', async () => {
    const { harness, reads, run, forget } = await createRuns();
    await using _ = harness;
    const path = await harness.write('people.csv', 'id,name,at\n1,Ada,1\n');
    const mapping = mappingOf({ kind: 'csv', path }, { changed: 'at' });
    const none = { kind: 'succeeded', numRecords: 0, numRejected: 0, batchId: null, reason: '' };
    expect(await run(mapping)).toMatchObject({ numRecords: 1 });
    expect(await run(mapping)).toEqual(none);
    expect(reads()).toBe(1);
    await appendFile(path, '2,Zoë,1\n');
    expect(await run(mapping)).toMatchObject({ numRecords: 1 });
    expect(await run(mapping)).toEqual(none);
    expect(reads()).toBe(2);
    await utimes(path, 1, 1);
    await run(mapping);
    expect(reads()).toBe(3);
    forget();
    expect(await run(mapping)).toMatchObject({ numRecords: 2 });
  });

  it('is read again if not all of it was accepted', async () => {
    const { harness, reads, run } = await createRuns();
    await using _ = harness;
    const path = await harness.write('people.csv', 'id,name,at\n1,Ada,1\n2,Zoë,\n');
    const maxRejected = { kind: 'records', max: 1 } as const;
    const mapping = mappingOf({ kind: 'csv', path }, { changed: 'at', maxRejected });
    expect(await run(mapping)).toMatchObject({ numRejected: 1 });
    for (const read of [2, 3]) {
      const reason = '1 record that an earlier run has rejected is as it was.';
      expect(await run(mapping)).toMatchObject({ numRejected: 0, reason });
      expect(reads()).toBe(read);
    }
  });
});
