import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  createWorkspace,
  mappingYaml,
  peopleCsv,
  type RunningService,
  startService,
} from '../support/running-service.js';
import { CLIENT } from '../support/service-client.js';

const GONE = { kind: 'csv', path: 'gone.csv' };

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

  it('lists mappings with their state and latest job', async () => {
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

  it('pages through the jobs, newest first, and filters them', async () => {
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

  it('admits only clients with its role, which cannot start ingestions', async () => {
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
