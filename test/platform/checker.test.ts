import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import type { Batch } from '../../src/platform/batch.js';
import { createBatchFolder } from '../../src/platform/batch-folder.js';
import { createChecker } from '../../src/platform/checker.js';
import { loadDatasets } from '../../src/platform/datasets.js';
import { createWorkspace, DATA_SET_ID } from './support/running-receiver.js';

const batch = {
  id: 'batch-1',
  dataSetId: DATA_SET_ID,
  isMultiLineJson: false,
  hasErrorDiagnostics: false,
  partialIngestionPercent: 0,
} as Batch;

it('a check that is called off ends at once, and one whose thread ends fails; the next one is as good as the first', async () => {
  await using space = await createWorkspace();
  const folder = createBatchFolder(join(space.dataDir, batch.id));
  await folder.make();
  const temporary = join(folder.incoming, 'a.json');
  await writeFile(temporary, '{"_id":"1"}\n');
  await folder.take(temporary, 'a.json', () => {});
  const datasets = await loadDatasets(space.datasetsDir);
  const checker = createChecker({ datasets, dir: space.dataDir }, { now: () => 0 });
  const { signal } = new AbortController();

  const ending = new AbortController();
  const cancelled = checker.check(batch, ending.signal);
  ending.abort(new Error('not wanted any more'));
  await expect(cancelled).rejects.toThrow('not wanted any more');
  const whole = { status: 'success', metrics: { inputRecordCount: 1, failedRecordCount: 0 } };
  expect(await checker.check(batch, signal)).toMatchObject(whole);

  const cutOff = expect(checker.check(batch, signal)).rejects.toThrow(
    'the thread that checks records has ended',
  );
  await checker.stop();
  await cutOff;
  expect(await checker.check(batch, signal)).toMatchObject(whole);
  await checker.stop();
});
