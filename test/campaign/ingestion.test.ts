import { describe, expect, it } from '@jest/globals';
import { createDrivenClock } from './support/driven-clock.js';
import {
  createWorkspace,
  mappingYaml,
  peopleCsv,
  startService,
} from './support/running-service.js';
import { ingestPath } from './support/service-client.js';

describe('POST', () => {
  it('starts one run for two simultaneous calls, and tells both its id', async () => {
    await using space = await createWorkspace({
      'a.yaml': mappingYaml('XDM44', { recordsPerSecond: 1 }),
      'people.csv': peopleCsv(3),
    });
    await using service = await startService({ ...space, clock: createDrivenClock() });

    const [first, second] = await Promise.all([service.post('XDM44'), service.post('XDM44')]);

    const started = { requestId: 1, status: 'Success' };
    const running = { requestId: 1, status: 'In Progress' };
    expect([first.json, second.json]).toContainEqual(expect.objectContaining(started));
    expect([first.json, second.json]).toContainEqual(expect.objectContaining(running));
  });

  it('accepts a mapping id of any characters, and gives each run a new id', async () => {
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
  it('is Success with 0 records if the source is empty', async () => {
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

  it('is Failed with ACP-880096 and without a batch if Platform accepts none', async () => {
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

  it('accepts the request id in the query or in a JSON body, as a number or a string', async () => {
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
