import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  IngestionStatusChangedDocument,
  IngestionStatusDocument,
  StartIngestionDocument,
} from '../generated/operations.js';
import { startAnswers } from '../support/campaign-answers.js';
import { type CampaignScript, scriptCampaign } from '../support/campaign-script.js';
import { privateExposure } from '../support/exposure.js';
import { readMetric } from '../support/metrics.js';
import { createTestDatabase, execute, type TestDatabase } from '../support/postgres.js';
import {
  held,
  json,
  reset,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.js';
import { startTestGateway, type TestGateway } from '../support/test-gateway.js';

const mappingId = 'XDM44';

/** That a caller may have in a minute. */
const MAX_STARTS = 3;

let upstream: ScriptedUpstream;
let campaign: CampaignScript;
let database: TestDatabase;
let gateways: readonly [TestGateway, TestGateway];

beforeEach(async () => {
  database = await createTestDatabase();
  upstream = await startScriptedUpstream();
  campaign = scriptCampaign(upstream);
  // At once: one of them makes the tables.
  gateways = await Promise.all([startOne(), startOne()]);
});

afterEach(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await upstream.close();
  await database.drop();
});

const startOne = () =>
  startTestGateway(upstream.url, {
    database: { kind: 'postgres', url: database.url, maxConnections: 4 },
    retryBackoffMs: 10,
    exposure: {
      ...privateExposure,
      limits: { ...privateExposure.limits, maxStartsPerMinute: MAX_STARTS },
    },
  });

const submitted = (requestId: string) => json(200, startAnswers.submitted(mappingId, requestId));

async function start(
  which: 0 | 1,
  variables: { idempotencyKey?: string; retryOnAbort?: number } = {},
) {
  const { data, errors } = await gateways[which].client.execute(StartIngestionDocument, {
    mappingId,
    ...variables,
  });
  return { outcome: data?.startIngestion, error: errors?.[0] };
}

/** All that happened to a request, as one of the gateways told it. */
async function follow(which: 0 | 1, requestId: string): Promise<(string | undefined)[]> {
  const variables = { mappingId, requestId };
  const events = await gateways[which].client.subscribe(IngestionStatusChangedDocument, variables)
    .completed;
  return events.map(({ data }) => data?.ingestionStatusChanged.to);
}

const countPolls = () => upstream.calls.filter(({ method }) => method === 'GET').length;

describe('two gateways on one PostgreSQL', () => {
  it('watch a request once, and both deliver what happens to it', async () => {
    campaign.starts(submitted('1'));
    await start(0);
    const followed = ([0, 1, 1] as const).map((which) => follow(which, '1'));
    const watches = () => Promise.all(gateways.map(({ url }) => readMetric(url, 'sluice_watches')));
    while ((await watches()).some((count) => count !== 1));
    campaign.state('1', 'success');
    expect(await Promise.all(followed)).toEqual(Array(3).fill(['IN_PROGRESS', 'SUCCESS']));
    while ((await watches()).some((count) => count > 0));
  });

  it('answer a question about it from what the other one saw', async () => {
    campaign.starts(submitted('1'));
    await start(0);
    const ask = async () => {
      const { data } = await gateways[1].client.execute(IngestionStatusDocument, {
        mappingId,
        requestId: '1',
        maxAgeMs: 600_000,
      });
      return data?.ingestionStatus;
    };
    let status = await ask();
    while (!status?.watch?.lastPolledAt) status = await ask();
    expect(status).toMatchObject({ status: 'IN_PROGRESS', watch: { consecutiveFailures: 0 } });
    const before = countPolls();
    campaign.state('1', 'success');
    await follow(1, '1');
    expect((await ask())?.status).toBe('SUCCESS');
    expect(countPolls()).toBeGreaterThan(before);
    expect((await ask())?.watch).toBeNull();
  });

  it('start once what both are asked for with one key at the same time', async () => {
    const slow = held(submitted('1'));
    campaign.starts(slow.answer);
    const both = [start(0, { idempotencyKey: 'k' }), start(1, { idempotencyKey: 'k' })];
    await campaign.startsArrived(1);
    slow.release();
    const outcomes = await Promise.all(both);
    expect(outcomes.map(({ outcome }) => outcome?.__typename)).toEqual([
      'IngestionSubmitted',
      'IngestionSubmitted',
    ]);
    expect(campaign.startCount).toBe(1);
  });

  it('begin anew on the other where the first call turns out not to have been taken', async () => {
    const slow = held(json(429, { message: 'slow down' }));
    campaign.starts(slow.answer, submitted('2'));
    const first = start(0, { idempotencyKey: 'k' });
    await campaign.startsArrived(1);
    const second = start(1, { idempotencyKey: 'k' });
    slow.release();
    expect((await first).outcome).toMatchObject({ code: 'UPSTREAM_RATE_LIMITED' });
    expect((await second).outcome).toMatchObject({ request: { requestId: '2' } });
  });

  it('wait for an answer until it is due, and hear of it also where it comes later', async () => {
    const slow = held(submitted('1'));
    campaign.starts(slow.answer);
    const first = start(0, { idempotencyKey: 'k' });
    await campaign.startsArrived(1);
    const second = start(1, { idempotencyKey: 'k' });
    // Now, and not only when its time has passed.
    await execute(database.url, 'update starts set due_at = 0');
    expect((await second).outcome).toMatchObject({ outcomeUnknown: true });
    slow.release();
    const submitted1 = { __typename: 'IngestionSubmitted', request: { requestId: '1' } };
    expect((await first).outcome).toMatchObject(submitted1);
    expect((await start(1, { idempotencyKey: 'k' })).outcome).toMatchObject(submitted1);
    expect(campaign.startCount).toBe(1);
  });

  it('say of a lost answer on both that the outcome is unknown, and send nothing again', async () => {
    campaign.starts(reset());
    expect((await start(0, { idempotencyKey: 'k' })).outcome).toMatchObject({
      outcomeUnknown: true,
    });
    expect((await start(1, { idempotencyKey: 'k' })).outcome).toMatchObject({
      outcomeUnknown: true,
    });
    expect(campaign.startCount).toBe(1);
  });

  it('retry an aborted request once between them', async () => {
    campaign.starts(submitted('1'), submitted('2'), submitted('3'));
    await start(0, { retryOnAbort: 1 });
    campaign.state('1', 'aborted');
    campaign.state('2', 'success');
    expect(await follow(1, '1')).toEqual(['IN_PROGRESS', 'ABORTED']);
    await campaign.startsArrived(2);
    // It may be over before the answer to its start is heard.
    expect((await follow(1, '2')).at(-1)).toBe('SUCCESS');
    // Both have had their time to send it: a further start is the third.
    await start(1);
    expect(campaign.startCount).toBe(3);
  });

  it('both hold back where the upstream tells one of them to', async () => {
    campaign.starts(json(429, { message: 'slow down' }, { 'retry-after': '600' }));
    await start(0);
    const { outcome } = await start(1);
    if (outcome?.__typename !== 'StartIngestionError') throw new Error('It was started.');
    expect(outcome.code).toBe('UPSTREAM_RATE_LIMITED');
    expect(outcome.retryAfterMs).toBeGreaterThan(200_000);
    expect(campaign.startCount).toBe(1);
  });

  it('count together what a caller has started', async () => {
    campaign.starts(...Array.from({ length: MAX_STARTS }, (_, index) => submitted(`${index}`)));
    for (let count = 0; count < MAX_STARTS; count += 1) {
      expect((await start(count % 2 ? 1 : 0)).error).toBeUndefined();
    }
    for (const which of [0, 1] as const) {
      const { error } = await start(which);
      expect(error?.extensions).toMatchObject({ code: 'RATE_LIMITED' });
      expect(error?.extensions?.retryAfterMs).toBeLessThanOrEqual(60_000);
    }
    expect(campaign.startCount).toBe(MAX_STARTS);
  });

  it('hand over what they watch when they stop, without a pause in the polls', async () => {
    campaign.starts(submitted('1'));
    await start(0);
    await gateways[0].stop();
    campaign.state('1', 'success');
    expect(await follow(1, '1')).toEqual(['IN_PROGRESS', 'SUCCESS']);
    gateways = [await startOne(), gateways[1]];
  });

  it('are not ready while the database lets nobody in, and say so', async () => {
    const { pathname } = new URL(database.url);
    const name = pathname.slice(1);
    const other = new URL(database.url);
    other.pathname = '/postgres';
    const rename = (from: string, to: string) =>
      execute(other.href, `alter database ${from} rename to ${to}`);
    await execute(other.href, `alter database ${name} with allow_connections false`);
    await execute(
      other.href,
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
    );
    const closed = await fetch(`${gateways[0].url}/readyz`);
    await rename(name, `${name}_away`);
    const response = await fetch(`${gateways[0].url}/readyz`);
    const metrics = await fetch(`${gateways[0].url}/metrics`);
    await rename(`${name}_away`, name);
    await execute(other.href, `alter database ${name} with allow_connections true`);
    for (const answer of [closed, response]) {
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({ status: 'not ready', code: 'LOG_UNAVAILABLE' });
    }
    // What is counted in the database is not known then; the rest is told.
    expect(metrics.status).toBe(200);
    const told = await metrics.text();
    expect(told).toMatch(/^sluice_watches Nan$/m);
    expect(told).toMatch(/^sluice_websockets \d+$/m);
  });
});
