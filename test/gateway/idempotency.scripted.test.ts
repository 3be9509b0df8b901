import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  IngestionStatusDocument,
  StartIngestionDocument,
  type StartIngestionMutationVariables,
} from '../generated/operations.js';
import { startAnswers } from '../support/campaign-answers.js';
import { type CampaignScript, scriptCampaign } from '../support/campaign-script.js';
import { startGatewayProcess } from '../support/gateway-process.js';
import { databaseEnv, deleteDatabase, makeAnswersDue } from '../support/log-database.js';
import { untilMetric } from '../support/metrics.js';
import {
  hang,
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

let upstream: ScriptedUpstream;
let dataDir: string;
let gateway: TestGateway;

/** A new one for each test. */
let campaign: CampaignScript;
let mappingId: string;
let idempotencyKey: string;
let testCount = 0;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'idempotency-'));
  upstream = await startScriptedUpstream();
  gateway = await startOne();
});

beforeEach(() => {
  testCount += 1;
  mappingId = `XDM${testCount}`;
  idempotencyKey = `order-${testCount}`;
  campaign = scriptCampaign(upstream);
});

afterAll(async () => {
  await gateway.stop();
  await upstream.close();
  await deleteDatabase(dataDir);
});

/** A process of its own, which names the upstream as this one does, so that both can use one log. */
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

/** A start by anybody, without a key. */
const startWithoutKey = () => start({ idempotencyKey: null });

const unknownOutcome = { __typename: 'StartIngestionError', outcomeUnknown: true };
const codeOf = (outcome: object | null | undefined) =>
  outcome && 'code' in outcome ? outcome.code : null;

describe('a repeated key', () => {
  it.each([
    ['every connection was refused', json(503, { error_code: '503000', message: 'no' })],
    [
      'too many requests',
      // Without a Retry-After it would hold all calls for a second.
      json(429, { error_code: '429050', message: 'Too many requests' }, { 'retry-after': '0' }),
    ],
    ['forbidden', json(403, { error_code: '403003', message: 'Api Key is invalid' })],
    ['a 4xx', text(400, 'RST-360011')],
  ])('is free again when the upstream certainly accepted nothing: %s', async (_title, answer) => {
    campaign.starts(answer, submitted('1'));
    expect((await start()).outcome).toMatchObject({
      __typename: 'StartIngestionError',
      outcomeUnknown: false,
      code: expect.stringMatching(/^UPSTREAM_/),
    });
    expect((await start()).outcome).toMatchObject({ request: { requestId: '1' } });
    expect(campaign.startCount).toBe(2);
  });
});

describe('a first call with an unknown outcome', () => {
  it.each([
    ['the connection broke', reset()],
    ['the answer was cut', truncated(200, '{"requestId":')],
    ['the upstream failed', text(500, 'RST-360011')],
    ['no answer came', hang()],
  ])('is resolved and never sent again: %s', async (_title, answer) => {
    campaign.starts(answer);
    const { outcome: first } = await start();
    expect(first).toMatchObject(unknownOutcome);
    const { outcome: second } = await start();
    expect(second).toMatchObject({
      ...unknownOutcome,
      message: expect.stringContaining('is still unknown'),
    });
    expect(codeOf(second)).toBe(codeOf(first));
    await restart();
    expect((await start()).outcome).toMatchObject(unknownOutcome);
    expect(campaign.startCount).toBe(1);
    expect(
      gateway.logLines.filter(({ msg }) => /^It is unknown whether this start/.test(String(msg))),
    ).toEqual([]);
  });

  it('began nothing if another request ran all the time, as the upstream confirms', async () => {
    await gateway.client.execute(IngestionStatusDocument, { mappingId, requestId: '7' });
    campaign.starts(reset());
    await start();
    expect((await start()).outcome).toMatchObject({
      __typename: 'IngestionAlreadyInProgress',
      request: { requestId: '7', startedAt: null },
    });
  });

  it('stays unknown if that request has ended', async () => {
    await gateway.client.execute(IngestionStatusDocument, { mappingId, requestId: '7' });
    campaign.starts(reset());
    await start();
    campaign.state('7', 'success');
    expect((await start()).outcome).toMatchObject(unknownOutcome);
    expect(campaign.startCount).toBe(1);
  });

  it('stays unknown if the observed request was begun by another start', async () => {
    campaign.starts(reset(), submitted('8'), inProgress('8'));
    await start();
    await startWithoutKey();
    await startWithoutKey();
    expect((await start()).outcome).toMatchObject(unknownOutcome);
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

  it('leaves a start that the next process finds and reports once', async () => {
    const told = () =>
      gateway.logLines.filter(({ msg }) =>
        /^It is unknown whether this start was accepted/.test(String(msg)),
      );
    // Immediately if nobody else can have sent it; otherwise once its answer is overdue.
    await makeAnswersDue(dataDir);
    await untilMetric(gateway.url, 'sluice_starts_outcome_unknown_total', 1);
    expect(told()).toMatchObject([{ mappingId }]);
    expect((await start()).outcome).toMatchObject({
      ...unknownOutcome,
      code: 'UPSTREAM_UNAVAILABLE',
    });
    await restart();
    expect(told()).toEqual([]);
    expect(campaign.startCount).toBe(1);
  });

  it('leaves a start whose request is adopted once the upstream names it', async () => {
    campaign.starts(inProgress('7'));
    await startWithoutKey();
    // Waits for the answer to the first call, which another process may receive.
    const repeated = start();
    await makeAnswersDue(dataDir);
    expect((await repeated).outcome).toMatchObject({
      __typename: 'IngestionSubmitted',
      request: { requestId: '7', startedAt: expect.any(String) },
    });
    expect(campaign.startCount).toBe(2);
  });
});
