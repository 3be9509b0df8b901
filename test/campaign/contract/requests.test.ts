import { describe, expect, it } from '@jest/globals';
import { documented, ENDLESS, seen, startOwn, submit } from '../support/documented-answer.js';
import { createSkippingClock } from '../support/driven-clock.js';
import {
  createWorkspace,
  mappingYaml,
  peopleCsv,
  readBatches,
  useService,
} from '../support/running-service.js';
import { startScriptedPlatform } from '../support/scripted-platform.js';
import { startServiceProcess } from '../support/service-process.js';

const { space, service } = useService(
  {
    'crm.yaml': mappingYaml('XDM44'),
    'endless.yaml': mappingYaml('endless', ENDLESS),
    'refused.yaml': mappingYaml('refused', { source: { kind: 'csv', path: 'refused.csv' } }),
    'people.csv': peopleCsv(15),
    'refused.csv': 'id,name\n1,Ada\n2,Mallory\n',

    // Sources that cannot be read: no file, half a line, no table, nobody there.
    'csv.yaml': mappingYaml('csv', { source: { kind: 'csv', path: 'gone.csv' } }),
    'ndjson.yaml': mappingYaml('ndjson', { source: { kind: 'ndjson', path: 'half.ndjson' } }),
    'half.ndjson': '{"id":"1"}\n{"id":\n',
    'sqlite.yaml': mappingYaml('sqlite', {
      source: { kind: 'sqlite', path: 'crm.db', table: 'people' },
    }),
    'crm.db': '',
    'postgres.yaml': mappingYaml('postgres', {
      source: { kind: 'postgres', url: `\${CRM_DATABASE_URL}`, table: 'people' },
    }),
  },
  { sourceEnvironment: { CRM_DATABASE_URL: 'postgres://crm:secret@127.0.0.1:1/crm' } },
);

describe('GET: what a request comes to', () => {
  it('success', async () => {
    const requestId = await submit(service, 'XDM44');
    await service.ended(requestId);
    expect(seen(await service.get('XDM44', requestId))).toEqual(
      documented({
        batchId: '',
        info: 'Mapping Id: XDM44. ',
        numRecords: 15,
        requestId,
        status: 'Success',
      }),
    );
  });

  it.each(['csv', 'ndjson', 'sqlite', 'postgres'])(
    'failed, nothing ingested: a source of the kind %s cannot be read',
    async (mappingId) => {
      const requestId = await submit(service, mappingId);
      await service.ended(requestId);
      expect(seen(await service.get(mappingId, requestId))).toEqual(
        documented({
          batchId: '',
          info: `Mapping Id: ${mappingId}. ACP-880056 Failed to fetch the record from the database.`,
          numRecords: 0,
          requestId,
          status: 'Failed',
        }),
      );
    },
  );

  const failedUpload = (mappingId: string, batchId: string | undefined, requestId: number) =>
    documented({
      batchId,
      info: `Mapping Id: ${mappingId}. ACP-880096 Sync Job failed to upload. Please check the error in the Platform UI.`,
      numRecords: 0,
      requestId,
      status: 'Failed',
    });

  it('failed after a batch was uploaded: Platform refuses a record of it', async () => {
    const requestId = await submit(service, 'refused');
    await service.ended(requestId);
    const batches = Object.entries(await readBatches(space.dataDir));
    const [batchId] = batches.find(([, records]) => /Mallory/.test(JSON.stringify(records))) ?? [];
    expect(batchId).toMatch(/^\w+$/);
    expect(seen(await service.get('refused', requestId))).toEqual(
      failedUpload('refused', batchId, requestId),
    );
  });

  it('failed after a batch was uploaded: Platform breaks down before all of it is there', async () => {
    await using platform = await startScriptedPlatform();
    platform.fail('upload', 'lost', ...Array(5).fill({ status: 500 }));
    await using own = await startOwn({ platform: platform.settings, clock: createSkippingClock() });
    const requestId = await submit(own, 'M');
    await own.ended(requestId);
    expect(platform.batches.map(({ id }) => id)).toEqual(['batch-1']);
    expect(seen(await own.get('M', requestId))).toEqual(failedUpload('M', 'batch-1', requestId));
  });

  it('crash of the ingestion service: kill -9 in the middle of a run', async () => {
    await using own = await createWorkspace({
      'm.yaml': mappingYaml('M', ENDLESS),
      'people.csv': peopleCsv(15),
    });
    await using crashed = await startServiceProcess(own);
    const requestId = await submit(crashed, 'M');
    await crashed.kill();
    await using restarted = await startServiceProcess(own);
    expect(seen(await restarted.get('M', requestId))).toEqual(
      documented({
        batchId: '',
        info: 'Mapping Id: M. Ingestion request aborted due to some issue with data ingestion service. Please submit a new request',
        numRecords: 0,
        requestId,
        status: 'Aborted',
      }),
    );
  });

  const inProgress = (mappingId: string, requestId: number) =>
    documented({
      batchId: '',
      info: `Mapping Id: ${mappingId}.`,
      numRecords: 0,
      requestId,
      status: 'In Progress',
    });

  it('running: the batch is being prepared', async () => {
    const requestId = await submit(service, 'endless');
    expect(seen(await service.get('endless', requestId))).toEqual(inProgress('endless', requestId));
  });

  it('running: the batch is being uploaded', async () => {
    await using platform = await startScriptedPlatform();
    platform.fail('upload', 'hang');
    const uploading = platform.called('upload');
    await using own = await startOwn({ platform: platform.settings });
    const requestId = await submit(own, 'M');
    await uploading;
    expect(seen(await own.get('M', requestId))).toEqual(inProgress('M', requestId));
  });
});
