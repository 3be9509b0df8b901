import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { createBatchFolder } from '../../src/platform/batch-folder.js';
import { createCleanFiles } from '../../src/platform/clean-files.js';
import { createWorkspace, startReceiver } from './support/running-receiver.js';

it('a file is known to be clean until it is replaced, by one of the same length too', async () => {
  await using space = await createWorkspace();
  const folder = createBatchFolder(join(space.dataDir, 'batch'));
  await folder.make();
  const put = async (content: string) => {
    const temporary = join(folder.incoming, 'a.json');
    await writeFile(temporary, content);
    await folder.take(temporary, 'a.json', () => {});
  };
  const clean = createCleanFiles();
  await put('{"_id":"1"}');
  clean.add(await folder.file('a.json'), 1);
  expect(clean.recordsOf(await folder.file('a.json'))).toBe(1);
  await put('{"_ix":"1"}');
  expect(clean.recordsOf(await folder.file('a.json'))).toBeUndefined();
});

it.each([
  ['a good file in the place of a bad one', '{"_id":1e999}\n', '{"_id":"1"}\n', 'success', 0],
  ['a bad file in the place of a good one', '{"_id":"1"}\n', '{"_ix":"1"}\n', 'failed', 1],
])('of %s counts what is there at the end', async (_what, first, second, status, failed) => {
  await using space = await createWorkspace();
  await using receiver = await startReceiver(space);
  const { id } = (await receiver.create()).json;
  await receiver.put(id, 'a.json', first);
  await receiver.put(id, 'b.json', '{"_id":"2"}\n{"_id":"3"}\n');
  await receiver.put(id, 'a.json', second);
  await receiver.act(id, 'COMPLETE');
  await receiver.reached(id, status);
  const metrics = { inputFileCount: 2, inputRecordCount: 3, failedRecordCount: failed };
  expect(await receiver.look(id)).toMatchObject({ status, metrics });
});
