import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { StartIngestionDocument } from '../generated/operations.js';
import { startAnswers } from '../support/campaign-answers.js';
import { type CampaignScript, scriptCampaign } from '../support/campaign-script.js';
import { deleteDatabase } from '../support/log-database.js';
import { readMetric, untilMetric } from '../support/metrics.js';
import { askAboutRetries } from '../support/retried-requests.js';
import {
  hang,
  json,
  reset,
  type ScriptedAnswer,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.js';
import { startTestGateway, type TestGateway } from '../support/test-gateway.js';

let upstream: ScriptedUpstream;
let dataDir: string;
let gateway: TestGateway;

/** A new one for each test. */
let campaign: CampaignScript;
let mappingId: string;
let testCount = 0;
/** The number of retries with each outcome before the test. */
let before: Record<Outcome, number>;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'retry-'));
  upstream = await startScriptedUpstream();
  gateway = await startOne();
});

beforeEach(async () => {
  testCount += 1;
  mappingId = `XDM${testCount}`;
  campaign = scriptCampaign(upstream);
  before = {
    taken: await countRetries('taken'),
    notTaken: await countRetries('notTaken'),
    refused: await countRetries('refused'),
  };
});

afterAll(async () => {
  await gateway.stop();
  await upstream.close();
  await deleteDatabase(dataDir);
});

const startOne = () => startTestGateway(upstream.url, { dataDir, retryBackoffMs: 10 });

async function restart(): Promise<void> {
  await gateway.stop();
  gateway = await startOne();
}

const { start, untilEnd, lineage } = askAboutRetries(() => ({ gateway, mappingId }));
const submitted = (requestId: string) => json(200, startAnswers.submitted(mappingId, requestId));
const inProgress = (requestId: string) =>
  json(200, startAnswers.alreadyInProgress(mappingId, requestId));

/** Starts a mapping that is refused. Once it is answered, everything before it has been counted. */
async function sentinel(): Promise<void> {
  campaign.starts(json(200, startAnswers.notStopped('TestDoc')));
  await gateway.client.execute(StartIngestionDocument, { mappingId: 'TestDoc' });
}

type Outcome = 'taken' | 'notTaken' | 'refused';

const tried = (outcome: Outcome) => `sluice_retries_total{outcome="${outcome}"}`;
/** The metric is missing until it has a value. */
const countRetries = async (outcome: Outcome) =>
  (await readMetric(gateway.url, tried(outcome))) || 0;
/** Wait until this test has so many retries with this outcome. */
const untilRetries = (outcome: Outcome, count: number) =>
  untilMetric(gateway.url, tried(outcome), before[outcome] + count);

describe('a retry', () => {
  /** A request that was ABORTED and may be retried; its retry gets this answer. */
  async function abortOne(...answers: ScriptedAnswer[]): Promise<void> {
    campaign.starts(submitted('1'), ...answers);
    campaign.state('1', 'aborted');
    await start(1);
    await untilEnd('1');
  }

  it.each([
    ['too many requests', () => json(429, { error_code: '429050', message: 'Too many requests' })],
    ['connection refused', () => json(503, { error_code: '503000', message: 'no' })],
    ['the aborted request is still named', () => inProgress('1')],
  ])('is submitted again if the upstream did not accept it: %s', async (_title, toAnswer) => {
    await abortOne(toAnswer(), submitted('2'));
    await campaign.startsArrived(3);
    await untilRetries('taken', 1);
    expect(await lineage('1', '2')).toEqual([
      [1, null, '2'],
      [2, '1', null],
    ]);
    expect(await countRetries('notTaken')).toBe(before.notTaken + 1);
  });

  it('ends if the upstream refuses it', async () => {
    await abortOne(json(200, startAnswers.notStopped(mappingId)));
    await untilRetries('refused', 1);
    await restart();
    await sentinel();
    expect(campaign.startCount).toBe(3);
    expect(await lineage('1')).toEqual([[1, null, null]]);
  });

  it('is linked to the request that somebody else started meanwhile', async () => {
    await abortOne(inProgress('9'));
    await untilRetries('taken', 1);
    expect(await lineage('1', '9')).toEqual([
      [1, null, '9'],
      [2, '1', null],
    ]);
  });

  it.each([
    ['lost its answer', reset()],
    ['was under way when the gateway stopped', hang()],
  ])(
    'is not submitted again if it %s, and its request is adopted once named',
    async (_title, answer) => {
      await abortOne(answer);
      await campaign.startsArrived(2);
      await restart();
      await sentinel();
      expect(campaign.startCount).toBe(3);
      expect(await lineage('1')).toEqual([[1, null, null]]);
      campaign.starts(inProgress('2'));
      await start(0);
      expect(await lineage('1', '2')).toEqual([
        [1, null, '2'],
        [2, '1', null],
      ]);
    },
  );
});
