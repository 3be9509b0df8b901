import { describe, expect, it } from '@jest/globals';
import { createDrivenClock } from '../support/driven-clock.js';
import {
  createWorkspace,
  mappingYaml,
  peopleCsv,
  type RunningService,
  startService,
} from '../support/running-service.js';
import { startScriptedPlatform } from '../support/scripted-platform.js';

const FIRST_RUN_AT = new Date(1_000_000).toISOString();
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const GONE = { kind: 'csv', path: 'gone.csv' };

describe('the list of jobs', () => {
  const jobsOf = async ({ admin }: RunningService) =>
    ((await admin('/jobs')).json as { jobs: object[] }).jobs;

  it('shows a run as Created, Uploaded and Success, with its batch once there is one', async () => {
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

  it('shows why a run failed, and its batch if there is one', async () => {
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

  it('shows how many records were sent and rejected so far', async () => {
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

  it('can be cancelled, which aborts its batch and frees its mapping', async () => {
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

  it('cannot be cancelled once its batch is complete', async () => {
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
