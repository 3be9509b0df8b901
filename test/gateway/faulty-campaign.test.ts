import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Fault, FaultRule, Operation } from '../../src/campaign/faults/fault-plan.js';
import {
  createWorkspace,
  mappingYaml,
  peopleCsv,
  startReceiver,
} from '../campaign/support/running-service.js';
import { ADMIN, API_KEY, CLIENT, createServiceClient } from '../campaign/support/service-client.js';
import { exitOf, run } from '../campaign/support/service-process.js';
import {
  IngestionLineageDocument,
  IngestionStatusChangedDocument,
  IngestionStatusDocument,
  StartIngestionDocument,
  type TransitionFragment,
} from '../generated/operations.js';
import { jobsOf, startFaultyCampaign, toUpstream } from '../support/faulty-campaign.js';
import { startTestGateway, type TestGateway } from '../support/test-gateway.js';

/** The codes that clients may get from such an upstream, as in docs/errors.md. */
const CODES = [
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_RATE_LIMITED',
  'UPSTREAM_UNAUTHENTICATED',
  'UPSTREAM_FORBIDDEN',
  'UPSTREAM_INVALID_RESPONSE',
];

/** The mapping that leads to each outcome of the service. */
const ENDS: Readonly<Record<string, { status: string; numRecords: number | null }>> = {
  good: { status: 'SUCCESS', numRecords: 5 },
  other: { status: 'SUCCESS', numRecords: 5 },
  slow: { status: 'SUCCESS', numRecords: 5 },
  gone: { status: 'FAILED', numRecords: null },
  refused: { status: 'FAILED', numRecords: null },
};

const FILES = {
  'good.yaml': mappingYaml('good'),
  'other.yaml': mappingYaml('other'),
  'slow.yaml': mappingYaml('slow', { recordsPerSecond: 10 }),
  'gone.yaml': mappingYaml('gone', { source: { kind: 'csv', path: 'gone.csv' } }),
  'refused.yaml': mappingYaml('refused', { source: { kind: 'csv', path: 'refused.csv' } }),
  'people.csv': peopleCsv(5),
  'refused.csv': 'id,name\np-1,Mallory\n',
};

const STARTS_EACH = 4;

const sometimes = (on: Operation, probability: number, ...faults: Fault[]): FaultRule[] =>
  faults.map((fault) => ({ on, when: { probability }, fault }));

/** About half of the starts fail, and as many of the status questions. */
const BAD_DAY: readonly FaultRule[] = [
  { on: 'token', when: { first: 1 }, fault: { do: 'answer', as: '503' } },
  { on: 'status', when: { nth: 12 }, fault: { do: 'answer', as: '429', retryAfterS: 1 } },
  ...sometimes(
    'start',
    0.08,
    { do: 'loseAnswer' },
    { do: 'truncate', bytes: 10 },
    { do: 'reset' },
    { do: 'answer', as: '401' },
    { do: 'answer', as: '503' },
    { do: 'answer', as: 'html' },
    { do: 'delay', delayMs: 30 },
  ),
  ...sometimes(
    'status',
    0.08,
    { do: 'loseAnswer' },
    { do: 'truncate', bytes: 10 },
    { do: 'reset' },
    { do: 'answer', as: '401' },
    { do: 'answer', as: '500' },
    { do: 'answer', as: 'html' },
    { do: 'delay', delayMs: 30 },
  ),
];

/** The result of a start: a request or an error. */
async function start({ client }: TestGateway, mappingId: string, idempotencyKey?: string) {
  const variables = { mappingId, idempotencyKey };
  const { data } = await client.execute(StartIngestionDocument, variables);
  const outcome = data?.startIngestion;
  if (outcome && 'request' in outcome) return outcome;
  if (outcome?.__typename !== 'StartIngestionError') throw new Error('It was refused.');
  const { code, outcomeUnknown } = outcome;
  expect(CODES).toContain(code);
  return { __typename: 'Error' as const, code, outcomeUnknown };
}

/** One start by a client: its answer, and all events that followed. */
async function startAndFollow(gateway: TestGateway, mappingId: string) {
  const { client } = gateway;
  const outcome = await start(gateway, mappingId);
  if (outcome.__typename === 'Error') return { mappingId, outcome, path: [] };
  const ref = { mappingId, requestId: outcome.request.requestId };
  // A query may also fail because the upstream cannot be asked now.
  const asked = await client.execute(IngestionStatusDocument, ref);
  for (const { extensions } of asked.errors ?? []) expect(CODES).toContain(extensions?.code);
  const events = await client.subscribe(IngestionStatusChangedDocument, ref).completed;
  return {
    mappingId,
    outcome,
    path: events.map((event) => event.data?.ingestionStatusChanged as TransitionFragment),
  };
}

/** Once, in order, without a gap: each transition begins where the one before it ended, until the terminal one. */
function expectWhole(mappingId: string, path: readonly TransitionFragment[]): void {
  expect(path.map(({ from }) => from)).toEqual([null, ...path.slice(0, -1).map(({ to }) => to)]);
  expect(new Set(path.map(({ cursor }) => cursor)).size).toBe(path.length);
  expect(path.slice(0, -1).every(({ to }) => to === 'IN_PROGRESS')).toBe(true);
  const { status, numRecords } = ENDS[mappingId] as (typeof ENDS)[string];
  expect(path.at(-1)).toMatchObject({ to: status, numRecords });
}

describe('a gateway in front of a Campaign service that fails in every way', () => {
  it('keeps its promises for each request, and reports only what it knows', async () => {
    await using space = await createWorkspace(FILES);
    await using campaign = await startFaultyCampaign(space, { seed: 7, rules: BAD_DAY });
    const { gateway } = campaign;

    // Concurrently, but each mapping once at a time, as the service requires.
    const followed = await Promise.all(
      Object.keys(ENDS).map(async (mappingId) => {
        const all = [];
        for (let count = 0; count < STARTS_EACH; count += 1) {
          all.push(await startAndFollow(gateway, mappingId));
        }
        return all;
      }),
    ).then((all) => all.flat());

    const taken = new Set<string>();
    let unknown = 0;
    for (const { mappingId, outcome, path } of followed) {
      if (outcome.__typename === 'Error') {
        if (outcome.outcomeUnknown) unknown += 1;
        continue;
      }
      taken.add(outcome.request.requestId);
      expectWhole(mappingId, path);
    }
    // The faults of the plan did occur.
    expect(taken.size).toBeGreaterThan(0);
    expect(unknown).toBeGreaterThan(0);

    // Every request was reported to a client, unless that client was told that the outcome is unknown.
    const jobs = await campaign.jobs();
    const ids = jobs.map(({ requestId }) => requestId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining([...taken]));
    expect(jobs.length - taken.size).toBeLessThanOrEqual(unknown);
  });

  it('does not resend a start whose answer was lost, and finds its outcome', async () => {
    await using space = await createWorkspace(FILES);
    const rules: FaultRule[] = [{ on: 'start', when: { nth: 1 }, fault: { do: 'loseAnswer' } }];
    await using campaign = await startFaultyCampaign(space, { seed: 1, rules });
    const { client } = campaign.gateway;
    const startAs = (key?: string) => start(campaign.gateway, 'slow', key);
    const lost = { __typename: 'Error', code: 'UPSTREAM_UNAVAILABLE', outcomeUnknown: true };
    expect(await startAs('a')).toEqual(lost);
    expect(await startAs('a')).toEqual(lost);

    // Another start gets the running request as its answer.
    const request = { requestId: '1', status: 'IN_PROGRESS' };
    expect(await startAs()).toMatchObject({ __typename: 'IngestionAlreadyInProgress', request });
    expect(await startAs('a')).toMatchObject({ __typename: 'IngestionSubmitted', request });

    const ref = { mappingId: 'slow', requestId: '1' };
    const { completed } = client.subscribe(IngestionStatusChangedDocument, ref);
    const events = await completed;
    expectWhole(
      'slow',
      events.map(({ data }) => data?.ingestionStatusChanged as TransitionFragment),
    );
    expect((await campaign.jobs()).map(({ requestId }) => requestId)).toEqual(['1']);
  });
});

it('retries an ABORTED request after its service was killed during a call', async () => {
  await using space = await createWorkspace({
    'm.yaml': mappingYaml('slow', { recordsPerSecond: 10 }),
    'people.csv': peopleCsv(15),
  });
  const plan = join(space.mappingsDir, 'plan.json');
  const rule = { on: 'status', when: { nth: 3 }, do: 'crash' };
  await writeFile(plan, JSON.stringify({ faults: [rule] }));
  const receiver = await startReceiver(space);
  const { url: platformUrl, apiKey, imsOrg, token } = receiver.settings;
  if (token.kind !== 'clientCredentials') throw new Error('expected credentials');
  const env = {
    CAMPAIGN_API_KEY: API_KEY,
    IMS_CLIENT_ID: CLIENT.clientId,
    IMS_CLIENT_SECRET: CLIENT.clientSecret,
    CAMPAIGN_SERVICE_ADMIN_CLIENT_ID: ADMIN.clientId,
    CAMPAIGN_SERVICE_ADMIN_CLIENT_SECRET: ADMIN.clientSecret,
    PLATFORM_URL: platformUrl,
    PLATFORM_IMS_URL: platformUrl,
    PLATFORM_API_KEY: apiKey,
    PLATFORM_IMS_ORG: imsOrg,
    PLATFORM_CLIENT_ID: token.clientId,
    PLATFORM_CLIENT_SECRET: token.clientSecret,
  };
  const first = run(space, { ...env, CAMPAIGN_SERVICE_FAULTS: plan });
  const died = exitOf(first.child);
  const [, url = ''] =
    /^CAMPAIGN_URL=(\S+)$/m.exec(await first.printed('IMS_CLIENT_SECRET=')) ?? [];
  const gateway = await startTestGateway(url, { upstream: toUpstream(url), retryBackoffMs: 10 });
  const { client } = gateway;

  const variables = { mappingId: 'slow', retryOnAbort: 1 };
  const { data } = await client.execute(StartIngestionDocument, variables);
  expect(data?.startIngestion).toMatchObject({ __typename: 'IngestionSubmitted' });
  const follow = async (requestId: string) => {
    const ref = { mappingId: 'slow', requestId };
    const events = await client.subscribe(IngestionStatusChangedDocument, ref).completed;
    return events.map((event) => event.data?.ingestionStatusChanged.to);
  };
  const followed = follow('1');
  await died;
  const second = run(space, { ...env, CAMPAIGN_SERVICE_PORT: new URL(url).port });
  expect(await followed).toEqual(['IN_PROGRESS', 'ABORTED']);

  await second.printed('ingestion succeeded');
  expect(await follow('2')).toEqual(['IN_PROGRESS', 'SUCCESS']);
  const requests = [{ mappingId: 'slow', requestId: '1' }];
  const lineage = await client.execute(IngestionLineageDocument, { requests });
  expect(lineage.data?.ingestionStatuses).toMatchObject([
    { status: 'ABORTED', retriedBy: { requestId: '2', attempt: 2 } },
  ]);
  expect(await jobsOf(await createServiceClient(url))).toMatchObject([
    { requestId: '2', status: 'Success', numberOfRecords: 15 },
    { requestId: '1', status: 'Failed' },
  ]);

  await gateway.stop();
  second.child.kill('SIGTERM');
  await exitOf(second.child);
  await receiver.stop();
});
