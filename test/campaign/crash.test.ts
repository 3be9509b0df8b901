import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { createWorkspace, mappingYaml, peopleCsv } from './support/running-service.js';
import {
  type PlatformCall,
  type ScriptedPlatform,
  startScriptedPlatform,
} from './support/scripted-platform.js';
import { ADMIN, API_KEY, CLIENT, createServiceClient } from './support/service-client.js';
import { run } from './support/service-process.js';

type Space = Awaited<ReturnType<typeof createWorkspace>>;

const people = Array.from({ length: 3 }, (_, index) => ({
  _id: `p-${index + 1}`,
  person: { name: { firstName: `Zoë ${index + 1}` } },
}));

/** The service as a process that uploads to the Platform given, with what tests ask of it. */
async function startProcess(space: Space, { settings }: ScriptedPlatform) {
  const { child, printed } = run(space, {
    CAMPAIGN_API_KEY: API_KEY,
    IMS_CLIENT_ID: CLIENT.clientId,
    IMS_CLIENT_SECRET: CLIENT.clientSecret,
    CAMPAIGN_SERVICE_ADMIN_CLIENT_ID: ADMIN.clientId,
    CAMPAIGN_SERVICE_ADMIN_CLIENT_SECRET: ADMIN.clientSecret,
    PLATFORM_URL: settings.url,
    PLATFORM_API_KEY: settings.apiKey,
    PLATFORM_IMS_ORG: settings.imsOrg,
    PLATFORM_ACCESS_TOKEN: 'a-token',
  });
  const output = await printed('IMS_CLIENT_SECRET=');
  const url = /^CAMPAIGN_URL=(\S+)$/m.exec(output)?.[1] ?? '';
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  };
  return {
    ...(await createServiceClient(url)),
    printed,
    kill,
    [Symbol.asyncDispose]: kill,
  };
}

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

  it('before the batch is whole: Aborted, the batch too, and the next run sends everything once', async () => {
    await using space = await createWorkspace(files);
    await using platform = await startScriptedPlatform();
    const aborted = platform.called('abort');
    await using second = await crashDuring('upload', space, platform);

    expect((await second.get('M', 1)).json).toEqual({
      batchId: '',
      info: 'Mapping Id: M. Ingestion request aborted due to some issue with data ingestion service. Please submit a new request',
      numRecords: 0,
      requestId: 1,
      status: 'Aborted',
    });
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

  it('after the batch was whole: it is followed to its end, and the next run sends nothing again', async () => {
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
