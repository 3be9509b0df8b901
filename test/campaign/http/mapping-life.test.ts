import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createDrivenClock } from '../support/driven-clock.js';
import {
  createWorkspace,
  mappingYaml,
  NO_PLATFORM,
  peopleCsv,
  readBatches,
  startService,
} from '../support/running-service.js';

const GONE = { kind: 'csv', path: 'gone.csv' };

describe('the life of a mapping', () => {
  const changes = {
    publish: { resendFromBeginning: false },
    unpublish: '',
    start: '',
    stop: '',
  } as const;

  /** From a state, by a change, to a state; or why not. */
  it.each<[string, keyof typeof changes, string | { code: string; message: string }]>([
    ['unpublished, stopped', 'publish', 'published, started'],
    [
      'unpublished, stopped',
      'unpublish',
      { code: 'NOT_PUBLISHED', message: 'Mapping M is not published.' },
    ],
    [
      'unpublished, stopped',
      'start',
      {
        code: 'NOT_PUBLISHED',
        message: 'Mapping M is not published: publish it, which also starts it.',
      },
    ],
    [
      'unpublished, stopped',
      'stop',
      { code: 'ALREADY_STOPPED', message: 'Mapping M is already stopped.' },
    ],
    [
      'published, stopped',
      'publish',
      {
        code: 'ALREADY_PUBLISHED',
        message: 'Mapping M is already published: unpublish it first.',
      },
    ],
    ['published, stopped', 'unpublish', 'unpublished, stopped'],
    ['published, stopped', 'start', 'published, started'],
    [
      'published, stopped',
      'stop',
      { code: 'ALREADY_STOPPED', message: 'Mapping M is already stopped.' },
    ],
    [
      'published, started',
      'publish',
      {
        code: 'ALREADY_PUBLISHED',
        message: 'Mapping M is already published: unpublish it first.',
      },
    ],
    ['published, started', 'unpublish', 'unpublished, stopped'],
    [
      'published, started',
      'start',
      { code: 'ALREADY_STARTED', message: 'Mapping M is already started.' },
    ],
    ['published, started', 'stop', 'published, stopped'],
  ])('%s: %s', async (from, change, outcome) => {
    const [publication, execution] = from.split(', ');
    await using space = await createWorkspace({
      'm.yaml': mappingYaml('M', { publication, execution, source: GONE }),
    });
    await using service = await startService({
      ...space,
      platform: NO_PLATFORM,
      clock: createDrivenClock(),
    });
    const { httpStatus, json } = await service.admin(`/mappings/M/${change}`, changes[change]);
    if (typeof outcome === 'string') {
      const [changed, executed] = outcome.split(', ');
      expect(httpStatus).toBe(200);
      expect(json).toMatchObject({
        id: 'M',
        publication: changed,
        execution: executed,
        nextRunAt: executed === 'started' ? expect.any(String) : null,
      });
    } else {
      expect(httpStatus).toBe(409);
      expect(json).toEqual(outcome);
    }
  });

  it.each(['unpublish', 'start'])('refuses to %s a mapping that a job runs', async (change) => {
    await using space = await createWorkspace({
      'm.yaml': mappingYaml('M', { recordsPerSecond: 1 }),
      'people.csv': peopleCsv(2),
    });
    await using service = await startService({ ...space, clock: createDrivenClock() });
    await service.post('M');
    const { httpStatus, json } = await service.admin(`/mappings/M/${change}`, '');
    expect([httpStatus, json]).toEqual([
      409,
      { code: 'JOB_RUNNING', message: 'Mapping M is being run by job 1: wait for it to end.' },
    ]);
  });

  it('lets a scheduled run end after a stop, and rejects API calls for the mapping until then', async () => {
    await using space = await createWorkspace({
      'm.yaml': mappingYaml('M', { execution: 'started', recordsPerSecond: 1 }),
      'people.csv': peopleCsv(2),
    });
    const clock = createDrivenClock();
    await using service = await startService({ ...space, clock });
    expect((await service.admin('/mappings/M/stop', '')).httpStatus).toBe(200);
    expect((await service.post('M')).text).toContain('is not stopped');
    const ended = service.jobEnded(1);
    clock.runFreely();
    await ended;
    expect((await service.post('M')).json).toMatchObject({ requestId: 1, status: 'Success' });
  });

  it('resends everything after a publication that asks for it, otherwise only changes', async () => {
    await using space = await createWorkspace({
      'm.yaml': mappingYaml('M', { changed: 'id' }),
      'people.csv': peopleCsv(3),
    });
    await using service = await startService(space);
    await service.post('M');
    await service.ended(1);
    expect((await service.admin('/mappings/M')).json).toMatchObject({ watermark: 'p-3' });

    const sent: unknown[] = [];
    for (const resendFromBeginning of [false, true]) {
      await service.admin('/mappings/M/unpublish', '');
      const ended = service.jobEnded(sent.length + 2);
      await service.admin('/mappings/M/publish', { resendFromBeginning });
      await ended;
      const { json } = await service.admin('/jobs?limit=1');
      sent.push((json as { jobs: { numberOfRecords: number }[] }).jobs[0]?.numberOfRecords);
    }
    expect(sent).toEqual([0, 3]);
  });

  it('continues where it stopped after it was unpublished, edited and published again', async () => {
    await using space = await createWorkspace({
      'm.yaml': mappingYaml('M', { changed: 'id' }),
      'people.csv': peopleCsv(3),
    });
    {
      await using service = await startService(space);
      await service.post('M');
      await service.ended(1);
      await service.admin('/mappings/M/unpublish', '');
    }
    const fields = [
      { column: 'id', to: '_id' },
      { column: 'name', to: 'person.name.fullName' },
    ];
    await writeFile(join(space.mappingsDir, 'm.yaml'), mappingYaml('M', { changed: 'id', fields }));
    await writeFile(join(space.mappingsDir, 'people.csv'), peopleCsv(4));
    await using service = await startService(space);
    await service.admin('/mappings/M/publish', { resendFromBeginning: false });
    await service.jobEnded(2);
    expect(Object.values(await readBatches(space.dataDir))).toEqual([
      [1, 2, 3].map((id) => ({ _id: `p-${id}`, person: { name: { firstName: `Zoë ${id}` } } })),
      [{ _id: 'p-4', person: { name: { fullName: 'Zoë 4' } } }],
    ]);
  });
});
