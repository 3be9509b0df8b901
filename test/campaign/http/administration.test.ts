import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDrivenClock, createHurriedClock } from '../support/driven-clock.js';
import {
  createWorkspace,
  mappingYaml,
  NO_PLATFORM,
  peopleCsv,
  type RunningService,
  readBatches,
  startService,
} from '../support/running-service.js';
import { startScriptedPlatform } from '../support/scripted-platform.js';
import { CLIENT } from '../support/service-client.js';

const FIRST_RUN_AT = new Date(1_000_000).toISOString();
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
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

  it('lets a scheduled run end after a stop; until then the API cannot trigger the mapping', async () => {
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

  it('sends everything again after a publication that asks for it, and else only what has changed', async () => {
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

describe('the list of jobs', () => {
  const jobsOf = async ({ admin }: RunningService) =>
    ((await admin('/jobs')).json as { jobs: object[] }).jobs;

  it('has a run as Created, Uploaded and Success, with its batch as soon as there is one', async () => {
    await using space = await createWorkspace({
      'm.yaml': mappingYaml('M', { recordsPerSecond: 1 }),
      'people.csv': peopleCsv(1),
    });
    await using platform = await startScriptedPlatform();
    platform.report({ status: 'processing' }, { status: 'success' });
    const clock = createDrivenClock();
    await using service = await startService({ ...space, clock, platform: platform.settings });

    await service.post('M');
    await clock.waitedFor();
    const created = {
      id: 1,
      mapping: 'M',
      requestId: 1,
      batchId: null,
      status: 'Created',
      numberOfRecords: 0,
      numberOfRejectedRecords: 0,
      reason: '',
      startTime: FIRST_RUN_AT,
      endTime: null,
    };
    expect(await jobsOf(service)).toEqual([created]);

    const asked = platform.called('read');
    clock.advance(1_000);
    await asked;
    const uploaded = { ...created, status: 'Uploaded', batchId: 'batch-1', numberOfRecords: 1 };
    expect(await jobsOf(service)).toEqual([uploaded]);

    await clock.waitedFor();
    clock.advance(60_000);
    await service.ended(1);
    const endTime = new Date(1_061_000).toISOString();
    expect(await jobsOf(service)).toEqual([{ ...uploaded, status: 'Success', endTime }]);
    // What a request is answered names no batch.
    expect((await service.get('M', 1)).json).toMatchObject({ status: 'Success', batchId: '' });
  });

  it('has a run that failed with its reason, and its batch where one was made', async () => {
    await using space = await createWorkspace({
      'gone.yaml': mappingYaml('gone', { source: GONE }),
      'refused.yaml': mappingYaml('refused'),
      'people.csv': 'id,name\n1,Mallory\n',
    });
    await using service = await startService(space);
    for (const [index, mappingId] of ['gone', 'refused'].entries()) {
      await service.post(mappingId);
      await service.ended(index + 1);
    }
    const failed = {
      status: 'Failed',
      numberOfRecords: 0,
      numberOfRejectedRecords: 0,
      startTime: expect.stringMatching(ISO),
      endTime: expect.stringMatching(ISO),
    };
    expect(await jobsOf(service)).toEqual([
      {
        ...failed,
        id: 2,
        mapping: 'refused',
        requestId: 2,
        batchId: expect.stringMatching(/^[0-9A-Z]{26}$/),
        numberOfRejectedRecords: 1,
        reason: expect.stringMatching(/INGEST-1556-400 .* \(1 record\)$/),
      },
      {
        ...failed,
        id: 1,
        mapping: 'gone',
        requestId: 1,
        batchId: null,
        reason: expect.stringContaining('gone.csv'),
      },
    ]);
    const [refused] = await jobsOf(service);
    expect((await service.admin('/jobs/2')).json).toEqual(refused);
  });
});

describe('a job that runs', () => {
  const bad = 'id,name\np-1,Zoë\n,nobody\np-3,Zoë\n';

  it('tells what it has sent so far, and what it has refused', async () => {
    await using space = await createWorkspace({
      'm.yaml': mappingYaml('M', { recordsPerSecond: 1, maxRejected: 5 }),
      'people.csv': `${bad}${Array.from({ length: 300 }, (_, at) => `q-${at},Zoë`).join('\n')}\n`,
    });
    const clock = createDrivenClock();
    await using service = await startService({ ...space, clock });
    await service.post('M');
    await clock.waitedFor();
    clock.advance(600_000);
    await clock.waitedFor();
    const { json } = await service.admin('/jobs/1');
    const { status, numberOfRecords, numberOfRejectedRecords } = json as Record<string, number>;
    expect([status, numberOfRejectedRecords]).toEqual(['Created', 1]);
    expect(numberOfRecords).toBeGreaterThan(0);
    expect((await service.admin('/jobs/1/rejects')).json).toEqual({
      rejects: [{ key: null, line: 3, reason: expect.stringContaining('the key has no value') }],
      next: null,
    });
  });

  it('is cancelled, gives its batch up, and lets its mapping run again', async () => {
    await using space = await createWorkspace({
      'm.yaml': mappingYaml('M', { recordsPerSecond: 1 }),
      'people.csv': peopleCsv(3),
    });
    const clock = createDrivenClock();
    await using service = await startService({ ...space, clock });
    await service.post('M');
    await clock.waitedFor();
    const { httpStatus, json } = await service.admin('/jobs/1/cancel', '');
    expect([httpStatus, json]).toEqual([
      200,
      expect.objectContaining({
        status: 'Failed',
        reason: 'An administrator has cancelled the job.',
      }),
    ]);
    expect((await service.get('M', 1)).json).toMatchObject({ status: 'Aborted' });
    expect((await service.admin('/jobs/1/cancel', '')).json).toMatchObject({ code: 'JOB_OVER' });
    const ended = service.jobEnded(2);
    await service.post('M');
    clock.runFreely();
    await ended;
    expect((await service.admin('/jobs/2')).json).toMatchObject({ status: 'Success' });
  });

  it('is not cancelled once its batch is whole', async () => {
    await using space = await createWorkspace({
      'm.yaml': mappingYaml('M'),
      'people.csv': peopleCsv(1),
    });
    await using platform = await startScriptedPlatform();
    platform.report({ status: 'processing' }, { status: 'success' });
    const clock = createDrivenClock();
    await using service = await startService({ ...space, clock, platform: platform.settings });
    const asked = platform.called('read');
    await service.post('M');
    await asked;
    expect((await service.admin('/jobs/1/cancel', '')).json).toEqual({
      code: 'BATCH_WHOLE',
      message: 'The batch of job 1 is whole: Platform has it.',
    });
    const ended = service.ended(1);
    clock.runFreely();
    await ended;
    expect((await service.admin('/jobs/1')).json).toMatchObject({ status: 'Success' });
  });
});

describe('the administration API', () => {
  let space: Awaited<ReturnType<typeof createWorkspace>>;
  let service: RunningService;

  beforeAll(async () => {
    space = await createWorkspace({
      'a.yaml': mappingYaml('A/b c'),
      'gone.yaml': mappingYaml('gone', { source: GONE }),
      'plan.yaml': mappingYaml('plan', { publication: 'unpublished', every: '6h' }),
      'people.csv': peopleCsv(2),
    });
    service = await startService(space);
    for (const [index, mappingId] of ['A/b c', 'gone', 'A/b c'].entries()) {
      await service.post(mappingId);
      await service.ended(index + 1);
    }
  });

  afterAll(async () => {
    await service.stop();
    await space[Symbol.asyncDispose]();
  });

  it('lists mappings with where they stand and their latest job', async () => {
    const { json } = await service.admin('/mappings');
    expect(json).toMatchObject({
      mappings: [
        { id: 'A/b c', lastJob: { id: 3, status: 'Success' } },
        { id: 'gone', lastJob: { id: 2, status: 'Failed' } },
        {
          id: 'plan',
          label: 'The mapping plan',
          publication: 'unpublished',
          execution: 'stopped',
          nextRunAt: null,
          runIntervalMs: 21_600_000,
          watermark: null,
          lastJob: null,
        },
      ],
    });
  });

  it('pages through the jobs, newest first, and narrows them', async () => {
    const ids = async (query: string) => {
      const { json } = await service.admin(`/jobs${query}`);
      const { jobs, next } = json as { jobs: { id: number }[]; next: number | null };
      return [jobs.map(({ id }) => id), next];
    };
    expect(await ids('')).toEqual([[3, 2, 1], null]);
    expect(await ids('?limit=2')).toEqual([[3, 2], 2]);
    expect(await ids('?limit=2&after=2')).toEqual([[1], null]);
    expect(await ids('?mapping=A%2Fb%20c&limit=1')).toEqual([[3], 3]);
    expect(await ids('?status=Failed')).toEqual([[2], null]);
    expect(await ids('?status=Success&mapping=gone')).toEqual([[], null]);
    expect(await ids('?mapping=gone&mapping=A%2Fb%20c&limit=2')).toEqual([[3, 2], 2]);
    expect(await ids('?status=Success&status=Failed&request=2&request=3')).toEqual([[3, 2], null]);
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    expect(await ids(`?startedBefore=${soon}`)).toEqual([[3, 2, 1], null]);
    expect(await ids(`?startedAfter=${soon}`)).toEqual([[], null]);
  });

  it.each<[string, object | string | undefined, number, string, string]>([
    ['/mappings/other', undefined, 404, 'UNKNOWN_MAPPING', 'There is no mapping other.'],
    ['/mappings/other/stop', '', 404, 'UNKNOWN_MAPPING', 'There is no mapping other.'],
    ['/jobs/99', undefined, 404, 'UNKNOWN_JOB', 'There is no job 99.'],
    ['/jobs/x', undefined, 400, 'BAD_INPUT', 'expected the id of a job.'],
    ['/jobs?limit=0', undefined, 400, 'BAD_INPUT', 'limit: expected a number from 1 to 500.'],
    ['/jobs?limit=501', undefined, 400, 'BAD_INPUT', 'limit: expected a number from 1 to 500.'],
    ['/jobs?after=-1', undefined, 400, 'BAD_INPUT', 'after: expected the id of a job.'],
    [
      '/jobs?status=Running',
      undefined,
      400,
      'BAD_INPUT',
      'status.0: expected one of Created, Uploaded, Success, Failed.',
    ],
    ['/jobs?mapping=', undefined, 400, 'BAD_INPUT', 'mapping.0: expected a mapping id.'],
    [
      '/jobs?startedAfter=soon',
      undefined,
      400,
      'BAD_INPUT',
      'startedAfter: expected an instant in ISO 8601.',
    ],
    ['/jobs/99/rejects', undefined, 404, 'UNKNOWN_JOB', 'There is no job 99.'],
    ['/jobs/99/cancel', '', 404, 'UNKNOWN_JOB', 'There is no job 99.'],
    ['/jobs/1/cancel', '', 409, 'JOB_OVER', 'Job 1 is over.'],
    ['/jobs?page=2', undefined, 400, 'BAD_INPUT', 'Unrecognized key: "page".'],
    [
      `/jobs?${Array.from({ length: 1_500 }, (_, index) => `k${index}`).join('&')}`,
      undefined,
      400,
      'BAD_INPUT',
      `${Array.from({ length: 10 }, (_, index) => `Unrecognized key: "k${index}"`).join('; ')}; and 1490 more.`,
    ],
    [
      '/mappings/plan/publish',
      '',
      400,
      'BAD_INPUT',
      'expected the JSON body {"resendFromBeginning": true or false}.',
    ],
    [
      '/mappings/plan/publish',
      { resendFromBeginning: JSON.parse(`${'['.repeat(1_000)}${']'.repeat(1_000)}`) },
      400,
      'BAD_INPUT',
      'expected the JSON body {"resendFromBeginning": true or false}.',
    ],
    [
      '/mappings/plan/publish',
      { resendFromBeginning: 'yes' },
      400,
      'BAD_INPUT',
      'resendFromBeginning: expected true or false.',
    ],
    [
      '/mappings/plan/publish',
      {},
      400,
      'BAD_INPUT',
      'resendFromBeginning: expected true or false.',
    ],
    [
      '/nowhere',
      undefined,
      404,
      'NOT_FOUND',
      'There is nothing here: docs/campaign-service.md lists the calls.',
    ],
  ])('says what is wrong with %s %j', async (path, body, httpStatus, code, message) => {
    const answer = await service.admin(path, body as object | '' | undefined);
    expect([answer.httpStatus, answer.json]).toEqual([httpStatus, { code, message }]);
  });

  it('lets in only clients with its role, which starts no ingestions', async () => {
    const ask = (headers: Record<string, string>) => service.call('/admin/mappings', { headers });
    expect((await ask({})).json).toMatchObject({ code: 'UNAUTHENTICATED' });
    const wrong = await ask({ authorization: 'Bearer x' });
    expect([wrong.httpStatus, wrong.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    const other = await ask({ authorization: `Bearer ${await service.signIn(CLIENT)}` });
    expect([other.httpStatus, other.json]).toEqual([
      403,
      { code: 'FORBIDDEN', message: 'Client client-1 does not have the role "administration".' },
    ]);
  });
});

describe('the scheduler', () => {
  const QUARTER_MS = 15 * 60_000;

  it('runs a mapping that is started at once, and then every 15 minutes', async () => {
    await using space = await createWorkspace({
      'm.yaml': mappingYaml('M', { execution: 'started', source: GONE }),
    });
    const clock = createDrivenClock();
    await using service = await startService({ ...space, platform: NO_PLATFORM, clock });
    await service.jobEnded(1);
    const mapping = (await service.admin('/mappings/M')).json;
    expect(mapping).toMatchObject({ nextRunAt: new Date(1_000_000 + QUARTER_MS).toISOString() });
    clock.advance(QUARTER_MS - 1);
    expect((await service.admin('/jobs')).json).toMatchObject({ jobs: [{ id: 1 }] });
    const second = service.jobEnded(2);
    clock.advance(1);
    await second;
    expect((await service.admin('/jobs')).json).toMatchObject({
      jobs: [
        { id: 2, requestId: null, startTime: new Date(1_000_000 + QUARTER_MS).toISOString() },
        { id: 1, requestId: null, startTime: FIRST_RUN_AT },
      ],
    });
  });

  it('runs it as often as the mapping says, and not while it is still being run', async () => {
    await using space = await createWorkspace({
      'm.yaml': mappingYaml('M', { execution: 'started', every: '10s', recordsPerSecond: 0.05 }),
      'people.csv': peopleCsv(2),
    });
    const clock = createDrivenClock();
    await using service = await startService({ ...space, clock });
    await clock.waitedFor();
    clock.advance(10_000);
    await service.admin('/mappings');
    const { json } = await service.admin('/jobs');
    expect(json).toMatchObject({ jobs: [{ id: 1, status: 'Created' }] });
    expect((await service.admin('/mappings/M')).json).toMatchObject({
      nextRunAt: new Date(1_020_000).toISOString(),
    });
  });

  it('runs it again soon after a temporary failure', async () => {
    await using space = await createWorkspace({
      'm.yaml': mappingYaml('M', { execution: 'started' }),
      'people.csv': peopleCsv(2),
    });
    await using platform = await startScriptedPlatform();
    // As often as the first job tries.
    platform.fail('create', ...Array(6).fill({ status: 503 }));
    const clock = createHurriedClock(60);
    await using service = await startService({ ...space, clock, platform: platform.settings });
    await service.jobEnded(2);
    const { json } = await service.admin('/jobs');
    const [second, first] = (json as { jobs: Record<string, string>[] }).jobs;
    expect([first?.status, second?.status]).toEqual(['Failed', 'Success']);
    const waitedMs = Date.parse(second?.startTime ?? '') - Date.parse(first?.endTime ?? '');
    expect(waitedMs).toBeGreaterThanOrEqual(60_000);
    expect(waitedMs).toBeLessThan(QUARTER_MS / 2);
  });

  it('has no run wait for longer than the mapping says now', async () => {
    const yaml = (every: string) => mappingYaml('M', { execution: 'started', source: GONE, every });
    await using space = await createWorkspace({ 'm.yaml': yaml('7d') });
    {
      await using first = await startService({
        ...space,
        platform: NO_PLATFORM,
        clock: createDrivenClock(),
      });
      await first.jobEnded(1);
    }
    await writeFile(join(space.mappingsDir, 'm.yaml'), yaml('10s'));
    await using second = await startService({
      ...space,
      platform: NO_PLATFORM,
      clock: createDrivenClock(),
    });
    expect((await second.admin('/mappings/M')).json).toMatchObject({
      nextRunAt: new Date(1_010_000).toISOString(),
      lastJob: { id: 1 },
    });
  });

  it('makes up for what came due while the service was down, once', async () => {
    await using space = await createWorkspace({
      'm.yaml': mappingYaml('M', { execution: 'started', source: GONE }),
    });
    {
      await using first = await startService({
        ...space,
        platform: NO_PLATFORM,
        clock: createDrivenClock(),
      });
      await first.jobEnded(1);
    }
    const clock = createDrivenClock(1_000_000 + 10 * QUARTER_MS);
    await using second = await startService({ ...space, platform: NO_PLATFORM, clock });
    await second.jobEnded(2);
    expect((await second.admin('/mappings/M')).json).toMatchObject({
      nextRunAt: new Date(1_000_000 + 11 * QUARTER_MS).toISOString(),
      lastJob: { id: 2 },
    });
  });
});
