import { describe, expect, it } from '@jest/globals';
import { createWorkspace, mappingYaml, peopleCsv } from './support/running-service.js';
import {
  type PlatformCall,
  type ScriptedPlatform,
  startScriptedPlatform,
} from './support/scripted-platform.js';
import { startServiceProcess } from './support/service-process.js';

type Space = Awaited<ReturnType<typeof createWorkspace>>;

const people = Array.from({ length: 3 }, (_, index) => ({
  _id: `p-${index + 1}`,
  person: { name: { firstName: `Zoë ${index + 1}` } },
}));

/** The service as a process that uploads to the Platform given. */
const startProcess = (space: Space, { settings }: ScriptedPlatform) =>
  startServiceProcess(space, {
    PLATFORM_URL: settings.url,
    PLATFORM_API_KEY: settings.apiKey,
    PLATFORM_IMS_ORG: settings.imsOrg,
    PLATFORM_ACCESS_TOKEN: 'a-token',
  });

/** Start a request, kill the service while Platform keeps it waiting, and start it again. */
async function crashDuring(call: PlatformCall, space: Space, platform: ScriptedPlatform) {
  platform.fail(call, 'hang');
  const called = platform.called(call);
  await using first = await startProcess(space, platform);
  expect((await first.post('M')).json).toMatchObject({ requestId: 1, status: 'Success' });
  await called;
  await first.kill();
  return startProcess(space, platform);
}

describe('kill -9 in the middle of a run', () => {
  const files = {
    'a.yaml': mappingYaml('M', { key: 'id', changed: 'id' }),
    'people.csv': peopleCsv(3),
  };

  it('before the batch is complete aborts run and batch, and the next run sends everything once', async () => {
    await using space = await createWorkspace(files);
    await using platform = await startScriptedPlatform();
    const aborted = platform.called('abort');
    await using second = await crashDuring('upload', space, platform);

    // The answer does not tell of the batch; the job does.
    expect((await second.get('M', 1)).json).toMatchObject({ batchId: '', status: 'Aborted' });
    expect((await second.admin('/jobs/1')).json).toMatchObject({
      batchId: 'batch-1',
      status: 'Failed',
      reason: 'The ingestion service ended while the job was running.',
    });
    await aborted;
    await second.printed('a batch was aborted on Platform');
    expect(platform.batches).toMatchObject([{ id: 'batch-1', status: 'aborted' }]);

    expect((await second.post('M')).json).toMatchObject({ requestId: 2, status: 'Success' });
    await second.printed('ingestion succeeded');
    expect((await second.get('M', 2)).json).toMatchObject({ status: 'Success', numRecords: 3 });
    expect(platform.records()).toEqual(people);
  });

  it('after the batch is complete: the batch is followed to its end, and the next run resends nothing', async () => {
    await using space = await createWorkspace(files);
    await using platform = await startScriptedPlatform();
    await using second = await crashDuring('complete', space, platform);

    await second.printed('ingestion succeeded');
    expect((await second.get('M', 1)).json).toMatchObject({ status: 'Success', numRecords: 3 });
    expect((await second.admin('/jobs')).json).toMatchObject({
      jobs: [{ id: 1, batchId: 'batch-1', status: 'Success', numberOfRecords: 3 }],
      next: null,
    });

    expect((await second.post('M')).json).toMatchObject({ requestId: 2, status: 'Success' });
    await second.printed('"numRecords":0');
    expect((await second.get('M', 2)).json).toMatchObject({ status: 'Success', numRecords: 0 });
    expect(platform.records()).toEqual(people);
  });
});
