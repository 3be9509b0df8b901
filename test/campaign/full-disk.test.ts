import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from '@jest/globals';
import { createSkippingClock } from './support/driven-clock.js';
import {
  createWorkspace,
  mappingYaml,
  peopleCsv,
  startService,
} from './support/running-service.js';
import { startScriptedPlatform } from './support/scripted-platform.js';

const files = { 'a.yaml': mappingYaml('M'), 'people.csv': peopleCsv(3) };

describe('a temporarily full disk', () => {
  it.each([
    ['that the batch is uploaded', `new.status = 'Uploaded'`],
    ['the end of the job', `new.status = 'Success'`],
  ])('when %s is to be written: the run comes to its end all the same', async (_, moment) => {
    await using space = await createWorkspace(files);
    await using platform = await startScriptedPlatform();
    const ended = Promise.withResolvers<void>();
    let refusals = 0;
    const logger = {
      warn() {},
      info(_details: object, message: string) {
        if (message === 'ingestion succeeded') ended.resolve();
      },
      error(_details: object, message: string) {
        if (message !== 'the state of a job could not be written yet') ended.reject(message);
        refusals += 1;
        if (refusals === 3) database.exec('DROP TRIGGER full');
      },
    };
    const clock = createSkippingClock();
    const { settings } = platform;
    await using service = await startService({ ...space, platform: settings, clock, logger });
    using database = new DatabaseSync(join(space.dataDir, 'campaign', 'campaign.db'));
    database.exec(
      `CREATE TRIGGER full BEFORE UPDATE ON job WHEN ${moment} BEGIN SELECT RAISE(ABORT, 'full'); END`,
    );

    await service.post('M');
    await ended.promise;

    expect(refusals).toBe(3);
    expect(platform.batches).toMatchObject([{ id: 'batch-1', status: 'completed' }]);
    expect((await service.get('M', 1)).json).toMatchObject({ status: 'Success', numRecords: 3 });
  });
});
