import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createDrivenClock } from './support/driven-clock.js';
import {
  createWorkspace,
  mappingYaml,
  peopleCsv,
  readBatches,
  startService,
} from './support/running-service.js';
import { ingestPath } from './support/service-client.js';

const SLOW = { recordsPerSecond: 1 };

describe('POST', () => {
  it('submits, and names the running request to whoever comes second', async () => {
    await using space = await createWorkspace({
      'a.yaml': mappingYaml('XDM44', SLOW),
      'people.csv': peopleCsv(3),
    });
    const clock = createDrivenClock();
    await using service = await startService({ ...space, clock });

    const [first, second] = await Promise.all([service.post('XDM44'), service.post('XDM44')]);

    const answers = [first, second].map(({ httpStatus, json }) => ({ httpStatus, json }));
    expect(answers).toContainEqual({
      httpStatus: 200,
      json: {
        requestId: 1,
        info: 'Ingestion request submitted successfully for the Mapping ID: XDM44',
        status: 'Success',
      },
    });
    expect(answers).toContainEqual({
      httpStatus: 200,
      json: {
        requestId: 1,
        info: 'Ingestion request already in progress for the Mapping ID: XDM44',
        status: 'In Progress',
      },
    });
  });

  it('refuses a mapping that is not stopped, or not published, without a request id', async () => {
    await using space = await createWorkspace({
      'a.yaml': mappingYaml('busy', { execution: 'started' }),
      'b.yaml': mappingYaml('draft', { publication: 'unpublished' }),
    });
    await using service = await startService(space);

    expect((await service.post('busy')).json).toEqual({
      info: 'Unable to submit data ingestion request, XDM Mapping ID: busy is not stopped',
      status: 'Failed',
    });
    const unpublished = await service.post('draft');
    expect(unpublished.httpStatus).toBe(200);
    expect(unpublished.json).toEqual({
      info: 'Unable to submit data ingestion request, XDM Mapping ID: draft is not published',
      status: 'Failed',
    });
  });

  it('takes a mapping id of any characters, and runs it again under a new id', async () => {
    const id = 'Kund/mapping 42 é?';
    await using space = await createWorkspace({
      'a.yaml': mappingYaml(id),
      'people.csv': peopleCsv(1),
    });
    await using service = await startService(space);

    expect((await service.post(id)).json).toMatchObject({ requestId: 1, status: 'Success' });
    await service.ended(1);
    expect((await service.post(id)).json).toMatchObject({ requestId: 2, status: 'Success' });
    await service.ended(2);
    expect((await service.get(id, 1)).json).toMatchObject({ info: `Mapping Id: ${id}. ` });
  });
});

describe('GET', () => {
  it('tells In Progress while the run goes on, and then Success with what it wrote', async () => {
    await using space = await createWorkspace({
      'a.yaml': mappingYaml('XDM44', SLOW),
      'people.csv': peopleCsv(3),
    });
    const clock = createDrivenClock();
    await using service = await startService({ ...space, clock });
    await service.post('XDM44');

    await clock.waitedFor();
    const running = await service.get('XDM44', 1);
    expect(running.httpStatus).toBe(200);
    expect(running.json).toEqual({
      batchId: '',
      info: 'Mapping Id: XDM44.',
      numRecords: 0,
      requestId: 1,
      status: 'In Progress',
    });
    clock.runFreely();

    await service.ended(1);
    expect((await service.get('XDM44', 1)).json).toEqual({
      batchId: '',
      info: 'Mapping Id: XDM44. ',
      numRecords: 3,
      requestId: 1,
      status: 'Success',
    });
  });

  it('is Success with 0 records where the source has none', async () => {
    await using space = await createWorkspace({
      'a.yaml': mappingYaml('empty'),
      'people.csv': 'id,name\n',
    });
    await using service = await startService(space);
    await service.post('empty');
    await service.ended(1);
    expect((await service.get('empty', 1)).json).toMatchObject({
      numRecords: 0,
      status: 'Success',
    });
  });

  const nothingUploaded = {
    batchId: '',
    info: 'Mapping Id: M. ACP-880056 Failed to fetch the record from the database.',
    numRecords: 0,
    requestId: 1,
    status: 'Failed',
  };

  it.each([
    ['no file', {}],
    ['no header', { 'people.csv': '' }],
    ['a column missing', { 'people.csv': 'id,surname\n1,Byron\n' }],
    ['two columns of one name', { 'people.csv': 'id,name,id\n1,Byron,2\n' }],
    ['a value too many in the second row', { 'people.csv': 'id,name\n1,Ada\n2,Zoë,too much\n' }],
    ['a quote that is never closed', { 'people.csv': 'id,name\n1,"Ada\n' }],
    ['bytes that are not UTF-8', { 'people.csv': Buffer.from('id,name\n1,Zo\xeb\n', 'latin1') }],
  ])('is Failed with ACP-880056 and no batch: %s', async (_what, files) => {
    await using space = await createWorkspace({ 'a.yaml': mappingYaml('M') });
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(space.mappingsDir, name), content);
    }
    await using service = await startService(space);
    await service.post('M');
    await service.ended(1);
    expect((await service.get('M', 1)).json).toEqual(nothingUploaded);
  });

  it.each([
    ['not JSON', '{"id":"1"}\n{"id":\n'],
    ['not an object', '["1"]\n'],
  ])('is Failed with ACP-880056 where a line of NDJSON is %s', async (_what, content) => {
    await using space = await createWorkspace({
      'a.yaml': mappingYaml('M', { source: { kind: 'ndjson', path: 'people.ndjson' } }),
      'people.ndjson': content,
    });
    await using service = await startService(space);
    await service.post('M');
    await service.ended(1);
    expect((await service.get('M', 1)).json).toEqual(nothingUploaded);
    expect(await readBatches(space.dataDir).catch(() => ({}))).toEqual({});
  });

  it('is Failed with ACP-880096 and the batch where Platform refuses it', async () => {
    await using space = await createWorkspace({
      'a.yaml': mappingYaml('M'),
      'people.csv': 'id,name\n1,Ada\n2,Mallory\n',
    });
    await using service = await startService(space);
    await service.post('M');
    await service.ended(1);

    const [batchId] = Object.keys(await readBatches(space.dataDir));
    expect((await service.get('M', 1)).json).toEqual({
      batchId,
      info: 'Mapping Id: M. ACP-880096 Sync Job failed to upload. Please check the error in the Platform UI.',
      numRecords: 0,
      requestId: 1,
      status: 'Failed',
    });
  });

  it('is Failed with ACP-880096 and no batch where Platform takes none', async () => {
    await using space = await createWorkspace({
      'a.yaml': mappingYaml('M', { dataset: '000000000000000000000000' }),
      'people.csv': peopleCsv(4),
    });
    await using service = await startService(space);
    await service.post('M');
    await service.ended(1);
    expect((await service.get('M', 1)).json).toMatchObject({
      batchId: '',
      info: expect.stringContaining('ACP-880096'),
      status: 'Failed',
    });
  });

  it('takes the request id from the query or from a JSON body, as a number or a string', async () => {
    await using space = await createWorkspace({
      'a.yaml': mappingYaml('M'),
      'people.csv': peopleCsv(1),
    });
    await using service = await startService(space);
    await service.post('M');
    await service.ended(1);
    const { headers } = service;
    const answers = [
      await service.call(`${ingestPath('M')}?requestId=1`, { headers }),
      await service.call(ingestPath('M'), { headers, body: '{"requestId":1}' }),
      await service.call(ingestPath('M'), { headers, body: '{"requestId":"1"}' }),
      await service.call(ingestPath('M'), {
        headers: { ...headers, 'content-type': 'text/plain' },
        body: ' {"requestId": 1}\n',
      }),
    ];
    for (const { json } of answers) expect(json).toMatchObject({ requestId: 1, status: 'Success' });
  });
});
