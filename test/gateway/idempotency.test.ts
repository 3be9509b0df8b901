import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  IngestionStatusChangedDocument,
  IngestionStatusDocument,
  StartIngestionDocument,
  type StartIngestionMutationVariables,
  StartIngestionsDocument,
} from '../generated/operations.js';
import { startAnswers } from '../support/campaign-answers.js';
import { type CampaignScript, scriptCampaign } from '../support/campaign-script.js';
import { startGatewayProcess } from '../support/gateway-process.js';
import { databaseEnv, deleteDatabase } from '../support/log-database.js';
import { untilMetric } from '../support/metrics.js';
import {
  hang,
  held,
  json,
  reset,
  type ScriptedUpstream,
  startScriptedUpstream,
  text,
  truncated,
} from '../support/scripted-upstream.js';
import {
  ORGANIZATION,
  startTestGateway,
  type TestGateway,
  toTestUpstream,
} from '../support/test-gateway.js';

const mappingId = 'XDM44';
const idempotencyKey = 'order-1';

let upstream: ScriptedUpstream;
let campaign: CampaignScript;
let dataDir: string;
let gateway: TestGateway;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'idempotency-'));
  upstream = await startScriptedUpstream();
  campaign = scriptCampaign(upstream);
  gateway = await startOne();
});

afterEach(async () => {
  await gateway.stop();
  await upstream.close();
  await deleteDatabase(dataDir);
});

/** In front of the upstream as a process of its own would name it, so that both can have one log. */
const startOne = () =>
  startTestGateway(upstream.url, {
    dataDir,
    timeoutMs: 1_000,
    upstream: toTestUpstream(upstream.url, `${ORGANIZATION} at ${upstream.url}`),
  });

async function restart(): Promise<void> {
  await gateway.stop();
  gateway = await startOne();
}

const submitted = (requestId: string) => json(200, startAnswers.submitted(mappingId, requestId));
const inProgress = (requestId: string) =>
  json(200, startAnswers.alreadyInProgress(mappingId, requestId));

async function start(variables: Partial<StartIngestionMutationVariables> = {}) {
  const { data, errors } = await gateway.client.execute(StartIngestionDocument, {
    mappingId,
    idempotencyKey,
    ...variables,
  });
  return { outcome: data?.startIngestion, error: errors?.[0] };
}

/** A start without a key, of anybody. */
const startWithoutKey = () => start({ idempotencyKey: null });

const unknownOutcome = { extensions: expect.objectContaining({ outcomeUnknown: true }) };

describe('a repeated key', () => {
  it.each([
    ['submitted', startAnswers.submitted(mappingId, '1'), 'IngestionSubmitted'],
    [
      'already in progress',
      startAnswers.alreadyInProgress(mappingId, '1'),
      'IngestionAlreadyInProgress',
    ],
    ['not stopped', startAnswers.notStopped(mappingId), 'MappingNotStopped'],
    ['not published', startAnswers.notPublished(mappingId), 'MappingNotPublished'],
    ['refused', { info: 'Unable to submit', status: 'Failed' }, 'IngestionRefused'],
  ])('gives the first outcome again: %s; after a restart too', async (_title, answer, type) => {
    campaign.starts(json(200, answer));
    const { outcome: first } = await start();
    expect(first).toMatchObject({ __typename: type, message: answer.info });
    const { request: _first, ...same } = { request: null, ...first };
    expect((await start()).outcome).toMatchObject(same);
    await restart();
    expect((await start()).outcome).toMatchObject(same);
    expect(campaign.startCount).toBe(1);
  });

  it('gives the request as it stands now', async () => {
    campaign.starts(submitted('1'));
    const { outcome: first } = await start();
    expect(first).toMatchObject({ request: { requestId: '1', status: 'IN_PROGRESS' } });
    campaign.state('1', 'success');
    const ref = { mappingId, requestId: '1' };
    await gateway.client.subscribe(IngestionStatusChangedDocument, ref).completed;
    expect((await start()).outcome).toMatchObject({
      __typename: 'IngestionSubmitted',
      message: 'Ingestion request submitted successfully for the Mapping ID: XDM44',
      request: { requestId: '1', status: 'SUCCESS' },
    });
  });

  it('starts one when many calls come at once', async () => {
    const { answer, release } = held(submitted('1'));
    campaign.starts(answer);
    const calls = Array.from({ length: 20 }, () => start());
    await campaign.startsArrived(1);
    calls.push(start(), start());
    release();
    for (const { outcome } of await Promise.all(calls)) {
      expect(outcome).toMatchObject({
        __typename: 'IngestionSubmitted',
        request: { requestId: '1' },
      });
    }
    expect(campaign.startCount).toBe(1);
  });

  it.each([
    ['another mapping', { mappingId: 'TestDoc' }],
    ['other retries', { retryOnAbort: 1 }],
  ])('is refused with %s, also while the first call runs', async (_title, other) => {
    const refused = {
      message:
        'This idempotencyKey was used within the last 24 hours for a start with another input. Use a key of its own for each start.',
      extensions: { code: 'BAD_USER_INPUT' },
    };
    const { answer, release } = held(submitted('1'));
    campaign.starts(answer);
    const first = start();
    await campaign.startsArrived(1);
    expect((await start(other)).error).toMatchObject(refused);
    release();
    await first;
    expect((await start(other)).error).toMatchObject(refused);
    expect(campaign.startCount).toBe(1);
  });

  it('stands for nothing where keys differ, or are left out', async () => {
    campaign.starts(...['1', '2', '3', '4'].map(submitted));
    const keys = ['a', 'A', null, null];
    const ids: unknown[] = [];
    for (const key of keys) {
      const { outcome } = await start({ idempotencyKey: key });
      ids.push(outcome && 'request' in outcome ? outcome.request.requestId : null);
    }
    expect(ids).toEqual(['1', '2', '3', '4']);
  });

  it.each([
    ['no connection was let through', json(503, { error_code: '503000', message: 'no' })],
    ['too many requests', json(429, { error_code: '429050', message: 'Too many requests' })],
    ['forbidden', json(403, { error_code: '403003', message: 'Api Key is invalid' })],
    ['a 4xx', text(400, 'RST-360011')],
  ])('is free again where the upstream certainly took nothing: %s', async (_title, answer) => {
    campaign.starts(answer, submitted('1'));
    const { error } = await start();
    expect(error?.extensions?.outcomeUnknown).toBeUndefined();
    expect(error?.extensions?.code).toMatch(/^UPSTREAM_/);
    expect((await start()).outcome).toMatchObject({ request: { requestId: '1' } });
    expect(campaign.startCount).toBe(2);
  });

  it.each([
    ['empty', '', 'idempotencyKey must not be empty.'],
    [
      'too long',
      'k'.repeat(256),
      'idempotencyKey must be at most 255 characters long; this one has 256.',
    ],
    [
      'not printable',
      'a\u0000b',
      'idempotencyKey must not contain control characters or broken Unicode.',
    ],
  ])('is refused where it is %s', async (_title, key, message) => {
    expect((await start({ idempotencyKey: key })).error).toMatchObject({
      message,
      extensions: { code: 'BAD_USER_INPUT' },
    });
    expect(upstream.calls).toHaveLength(0);
  });
});

describe('a key in a list', () => {
  const startMany = (inputs: StartIngestionMutationVariables[]) =>
    gateway.client.execute(StartIngestionsDocument, { inputs });

  it('starts one for inputs that share it', async () => {
    campaign.starts(submitted('1'));
    const input = { mappingId, idempotencyKey };
    const { data } = await startMany([input, input]);
    const outcome = { __typename: 'IngestionSubmitted', request: { requestId: '1' } };
    expect(data?.startIngestions).toMatchObject([outcome, outcome]);
    expect(campaign.startCount).toBe(1);
  });

  it('starts nothing where two inputs share it and differ', async () => {
    const { errors } = await startMany([
      { mappingId, idempotencyKey },
      { mappingId: 'TestDoc', idempotencyKey },
    ]);
    expect(errors).toMatchObject([
      {
        message: 'Inputs with one idempotencyKey must be the same.',
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
    expect(upstream.calls).toHaveLength(0);
  });

  it('does not stop the others where it was used before for something else', async () => {
    campaign.starts(submitted('1'), submitted('2'));
    await start();
    const { data } = await startMany([
      { mappingId, idempotencyKey, retryOnAbort: 5 },
      { mappingId, idempotencyKey: 'other' },
    ]);
    expect(data?.startIngestions).toMatchObject([
      { __typename: 'StartIngestionError', code: 'BAD_USER_INPUT', outcomeUnknown: false },
      { __typename: 'IngestionSubmitted', request: { requestId: '2' } },
    ]);
  });
});

describe('a first call of unknown outcome', () => {
  it.each([
    ['the connection broke', reset()],
    ['the answer was cut', truncated(200, '{"requestId":')],
    ['the upstream failed', text(500, 'RST-360011')],
    ['no answer came', hang()],
  ])('is looked into and never sent again: %s', async (_title, answer) => {
    campaign.starts(answer);
    const { error: first } = await start();
    expect(first).toMatchObject(unknownOutcome);
    const { error: second } = await start();
    expect(second).toMatchObject({
      ...unknownOutcome,
      message: expect.stringContaining('is still unknown'),
    });
    expect(second?.extensions?.code).toBe(first?.extensions?.code);
    await restart();
    expect((await start()).error).toMatchObject(unknownOutcome);
    expect(campaign.startCount).toBe(1);
    expect(gateway.logLines.filter(({ msg }) => /^Whether this start/.test(String(msg)))).toEqual(
      [],
    );
  });

  it('has the request that the upstream names to a later start', async () => {
    campaign.starts(reset(), inProgress('7'));
    await start();
    await restart();
    const { outcome: later } = await startWithoutKey();
    expect(later).toMatchObject({
      __typename: 'IngestionAlreadyInProgress',
      request: { requestId: '7', startedAt: expect.any(String) },
    });
    expect((await start()).outcome).toMatchObject({
      __typename: 'IngestionSubmitted',
      request: { requestId: '7' },
    });
    expect(campaign.startCount).toBe(2);
  });

  it('has the request that somebody saw running since then', async () => {
    campaign.starts(reset());
    await start();
    await gateway.client.execute(IngestionStatusDocument, { mappingId, requestId: '7' });
    expect((await start()).outcome).toMatchObject({
      __typename: 'IngestionSubmitted',
      request: { requestId: '7', startedAt: expect.any(String) },
    });
    expect(campaign.startCount).toBe(1);
  });

  it('began nothing where a request ran all the time, which the upstream is asked about', async () => {
    await gateway.client.execute(IngestionStatusDocument, { mappingId, requestId: '7' });
    campaign.starts(reset());
    await start();
    expect((await start()).outcome).toMatchObject({
      __typename: 'IngestionAlreadyInProgress',
      request: { requestId: '7', startedAt: null },
    });
  });

  it('stays unknown where that request is over by now', async () => {
    await gateway.client.execute(IngestionStatusDocument, { mappingId, requestId: '7' });
    campaign.starts(reset());
    await start();
    campaign.state('7', 'success');
    expect((await start()).error).toMatchObject(unknownOutcome);
    expect(campaign.startCount).toBe(1);
  });

  it('stays unknown where the request seen was begun by another start', async () => {
    campaign.starts(reset(), submitted('8'), inProgress('8'));
    await start();
    await startWithoutKey();
    await startWithoutKey();
    expect((await start()).error).toMatchObject(unknownOutcome);
  });
});

describe('a gateway that dies between the POST and its answer', () => {
  beforeEach(async () => {
    await gateway.stop();
    campaign.starts(hang());
    const doomed = startGatewayProcess({
      upstreamUrl: upstream.url,
      dataDir,
      env: await databaseEnv(dataDir),
    });
    const url = await doomed.url;
    const body = JSON.stringify({
      query: `mutation { startIngestion(input: { mappingId: "${mappingId}", idempotencyKey: "${idempotencyKey}" }) { __typename } }`,
    });
    const lost = fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    lost.catch(() => {});
    await campaign.startsArrived(1);
    doomed.child.kill('SIGKILL');
    await doomed.ended;
    await expect(lost).rejects.toThrow();
    gateway = await startOne();
  });

  it('leaves a start that the next one finds and tells of, once', async () => {
    const told = () =>
      gateway.logLines.filter(({ msg }) => /^Whether this start was taken/.test(String(msg)));
    // At once where nobody else can have sent it; else once its process is known to be dead.
    await untilMetric(gateway.url, 'sluice_starts_outcome_unknown_total', 1);
    expect(told()).toMatchObject([{ mappingId }]);
    expect((await start()).error).toMatchObject({
      extensions: { code: 'UPSTREAM_UNAVAILABLE', outcomeUnknown: true },
    });
    await restart();
    expect(told()).toEqual([]);
    expect(campaign.startCount).toBe(1);
  });

  it('leaves a start whose request is adopted once the upstream names it', async () => {
    campaign.starts(inProgress('7'));
    await startWithoutKey();
    expect((await start()).outcome).toMatchObject({
      __typename: 'IngestionSubmitted',
      request: { requestId: '7', startedAt: expect.any(String) },
    });
    expect(campaign.startCount).toBe(2);
  });
});
