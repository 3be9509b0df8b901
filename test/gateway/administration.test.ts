import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rights, toMappingScope } from '../../src/ingestion/caller.js';
import { newApiKey } from '../../src/server/sign-in/api-keys.js';
import {
  createWorkspace,
  mappingYaml,
  peopleCsv,
  startService,
} from '../campaign/support/running-service.js';
import { askGateway } from '../support/ask-gateway.js';
import { toUpstream } from '../support/faulty-campaign.js';
import { startTestGateway, type TestGateway } from '../support/test-gateway.js';

const keys = { all: newApiKey(), reader: newApiKey(), other: newApiKey() };
const entry = { rights, mappings: toMappingScope(['*']), expiresAt: null };

let left: AsyncDisposableStack;
let service: Awaited<ReturnType<typeof startService>>;
let gateway: TestGateway;

beforeAll(async () => {
  left = new AsyncDisposableStack();
  const space = left.use(
    await createWorkspace({
      'crm.yaml': mappingYaml('crm', { changed: 'id', maxRejected: 5 }),
      'plan.yaml': mappingYaml('plan', { publication: 'unpublished', every: '6h' }),
      // So slow that it runs until it is cancelled.
      'slow.yaml': mappingYaml('slow', { recordsPerSecond: 0.01, maxRejected: 5 }),
      'people.csv': `${peopleCsv(3)},nobody\n,nothing\n`,
    }),
  );
  service = left.use(await startService(space));
  gateway = await startTestGateway(service.url, {
    upstream: toUpstream(service.url),
    signIn: {
      accessTokens: null,
      apiKeys: [
        { ...entry, name: 'all', sha256: keys.all.sha256 },
        { ...entry, name: 'reader', rights: ['ingestion:read'], sha256: keys.reader.sha256 },
        { ...entry, name: 'other', mappings: toMappingScope(['plan']), sha256: keys.other.sha256 },
      ],
    },
  });
  left.defer(() => gateway.stop());
});

afterAll(() => left.disposeAsync());

const ask = (query: string, as: keyof typeof keys = 'all') =>
  askGateway(gateway.url, query, { authorization: `Bearer ${keys[as].key}` });
const change =
  '__typename ... on MappingChangeRefused { mappingId reason message } ... on MappingChanged { mapping { mappingId administration { publication execution } } }';

describe('administration through the gateway', () => {
  it('lists all mappings with their states, including those that never ran', async () => {
    const { data } = await ask(`{ mappings { nodes { mappingId label administration {
      publication execution nextRunAt runIntervalMs watermark runningJob { jobId } lastJob { jobId } } } } }`);
    const stopped = {
      execution: 'STOPPED',
      nextRunAt: null,
      watermark: null,
      runningJob: null,
      lastJob: null,
    };
    const quarter = 15 * 60_000;
    expect(data.mappings.nodes).toEqual([
      {
        mappingId: 'crm',
        label: 'The mapping crm',
        administration: { ...stopped, publication: 'PUBLISHED', runIntervalMs: quarter },
      },
      {
        mappingId: 'plan',
        label: 'The mapping plan',
        administration: { ...stopped, publication: 'UNPUBLISHED', runIntervalMs: 21_600_000 },
      },
      {
        mappingId: 'slow',
        label: 'The mapping slow',
        administration: { ...stopped, publication: 'PUBLISHED', runIntervalMs: quarter },
      },
    ]);
    const one = await ask('{ mapping(mappingId: "plan") { label } }', 'other');
    expect(one.data.mapping).toEqual({ label: 'The mapping plan' });
    const others = await ask(
      '{ mappings { nodes { mappingId } } crm: mapping(mappingId: "crm") { label } }',
      'other',
    );
    expect(others.data).toEqual({ mappings: { nodes: [{ mappingId: 'plan' }] }, crm: null });
  });

  it('lists jobs with their requests and rejects, in pages', async () => {
    const ended = service.ended(1);
    const started = await ask(`mutation { startIngestion(input: { mappingId: "crm" }) {
      ... on IngestionSubmitted { request { requestId job { jobId } } } } }`);
    const { requestId } = started.data.startIngestion.request;
    await ended;
    const { data } =
      await ask(`{ jobs(first: 1) { nodes { id jobId status numRecords numRejected reason batchId
      startedAt endedAt mapping { mappingId administration { watermark lastJob { jobId } } } request { requestId }
      rejects(first: 1) { edges { cursor } nodes { place key reason } pageInfo { hasNextPage endCursor } } }
      pageInfo { hasNextPage } } }`);
    const [job] = data.jobs.nodes;
    expect(job).toMatchObject({
      jobId: '1',
      status: 'SUCCESS',
      numRecords: 3,
      numRejected: 2,
      reason: null,
      batchId: expect.any(String),
      endedAt: expect.any(String),
      mapping: { mappingId: 'crm', administration: { watermark: 'p-3', lastJob: { jobId: '1' } } },
      request: { requestId },
      rejects: {
        nodes: [
          { place: 'line 5', key: null, reason: expect.stringContaining('the key has no value') },
        ],
        pageInfo: { hasNextPage: true },
      },
    });
    expect(data.jobs.pageInfo.hasNextPage).toBe(false);
    const node = await ask(`{ node(id: "${job.id}") { ... on Job { jobId
      rejects(after: "${job.rejects.pageInfo.endCursor}") { nodes { place } pageInfo { hasNextPage hasPreviousPage } } } } }`);
    expect(node.data.node).toEqual({
      jobId: '1',
      rejects: {
        nodes: [{ place: 'line 6' }],
        pageInfo: { hasNextPage: false, hasPreviousPage: true },
      },
    });
    const of = await ask(
      `{ ingestionStatus(mappingId: "crm", requestId: "${requestId}") { job { jobId } } }`,
    );
    expect(of.data.ingestionStatus.job).toEqual({ jobId: '1' });
    const ids = async (filter: string, as: keyof typeof keys = 'all') =>
      (await ask(`{ jobs(filter: { ${filter} }) { nodes { jobId } } }`, as)).data.jobs.nodes.length;
    expect(await ids('mappingIds: ["crm"], statuses: [SUCCESS]')).toBe(1);
    expect(await ids('statuses: [FAILED]')).toBe(0);
    expect(await ids('startedAfter: "2100-01-01T00:00:00.000Z"')).toBe(0);
    expect(await ids('', 'other')).toBe(0);
    expect(await ids('mappingIds: ["crm"]', 'other')).toBe(0);
    const padded = Buffer.from('Job:["01"]').toString('base64url');
    expect(await ask(`{ node(id: "${padded}") { id } }`)).toEqual({ data: { node: null } });
    const hidden = await ask(`{ node(id: "${job.id}") { id } }`, 'other');
    expect(hidden.data.node).toBeNull();
  });

  it('publishes, stops, starts and unpublishes mappings, and explains refusals', async () => {
    const run = async (mutation: string) =>
      (await ask(`mutation { done: ${mutation} { ${change} } }`)).data.done;
    expect(await run('unpublishMapping(mappingId: "plan")')).toEqual({
      __typename: 'MappingChangeRefused',
      mappingId: 'plan',
      reason: 'NOT_PUBLISHED',
      message: 'Mapping plan is not published.',
    });
    const ended = service.jobEnded(2);
    const to = (publication: string, execution: string) => ({
      __typename: 'MappingChanged',
      mapping: { mappingId: 'plan', administration: { publication, execution } },
    });
    expect(
      await run('publishMapping(input: { mappingId: "plan", resendFromBeginning: null })'),
    ).toEqual(to('PUBLISHED', 'STARTED'));
    await ended;
    expect(await run('stopMapping(mappingId: "plan")')).toEqual(to('PUBLISHED', 'STOPPED'));
    expect(await run('unpublishMapping(mappingId: "plan")')).toEqual(to('UNPUBLISHED', 'STOPPED'));
    expect(await run('startMapping(mappingId: "none")')).toMatchObject({
      reason: 'UNKNOWN_MAPPING',
    });
  });

  it('cancels a running job, but not an ended one', async () => {
    await ask('mutation { startIngestion(input: { mappingId: "slow" }) { __typename } }');
    const { data } = await ask(
      '{ mapping(mappingId: "slow") { administration { runningJob { jobId status } } } }',
    );
    const { jobId, status } = data.mapping.administration.runningJob;
    expect(status).toBe('CREATED');
    const cancel = `mutation { cancelJob(jobId: "${jobId}") { __typename
      ... on JobCancelled { job { status reason } } ... on JobChangeRefused { reason } } }`;
    const padded = cancel.replace('jobId: "', 'jobId: "0');
    expect((await ask(padded)).data.cancelJob).toMatchObject({ reason: 'UNKNOWN_JOB' });
    expect((await ask(cancel, 'other')).data.cancelJob).toEqual({
      __typename: 'JobChangeRefused',
      reason: 'UNKNOWN_JOB',
    });
    expect((await ask(cancel)).data.cancelJob).toEqual({
      __typename: 'JobCancelled',
      job: { status: 'FAILED', reason: 'An administrator has cancelled the job.' },
    });
    expect((await ask(cancel)).data.cancelJob).toEqual({
      __typename: 'JobChangeRefused',
      reason: 'JOB_OVER',
    });
  });

  it('requires its own right and access to the mapping', async () => {
    for (const as of ['reader', 'other'] as const) {
      const { errors } = await ask(`mutation { stopMapping(mappingId: "crm") { ${change} } }`, as);
      expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    }
  });
});

describe('an upstream without administration', () => {
  it('has no jobs, and cannot be changed', async () => {
    await using other = new AsyncDisposableStack();
    const plain = await startTestGateway(service.url, {
      upstream: { ...toUpstream(service.url), administration: null },
    });
    other.defer(() => plain.stop());
    const { data } = await askGateway(
      plain.url,
      '{ jobs { nodes { id } } mapping(mappingId: "crm") { id } mappings { nodes { id } } }',
    );
    expect(data).toEqual({ jobs: null, mapping: null, mappings: { nodes: [] } });
    const refused = await askGateway(
      plain.url,
      `mutation { stopMapping(mappingId: "crm") { ${change} } }`,
    );
    expect(refused.errors).toMatchObject([{ extensions: { code: 'ADMINISTRATION_UNAVAILABLE' } }]);
  });

  it('reports invalid credentials', async () => {
    await using other = new AsyncDisposableStack();
    const upstream = toUpstream(service.url);
    const wrong = await startTestGateway(service.url, {
      upstream: { ...upstream, administration: upstream.token },
    });
    other.defer(() => wrong.stop());
    const { errors } = await askGateway(wrong.url, '{ jobs { nodes { id } } }');
    expect(errors).toMatchObject([
      {
        message: expect.stringContaining('the role "administration"'),
        extensions: { code: 'UPSTREAM_FORBIDDEN' },
      },
    ]);
  });
});
