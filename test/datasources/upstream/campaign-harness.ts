import { afterEach } from '@jest/globals';
import {
  type CampaignCall,
  type CampaignOptions,
  createCampaignDatasource,
} from '../../../src/datasources/upstream/campaign.datasource.js';
import { UpstreamError } from '../../../src/ingestion/gateway-error.js';
import type { CallPurpose } from '../../../src/ingestion/ports.js';
import { createManualClock, type ManualClock } from '../../support/manual-clock.js';
import { type ScriptedUpstream, startScriptedUpstream } from '../../support/scripted-upstream.js';

const releasers: (() => Promise<void>)[] = [];

/** Stop something after the running test, the latest first. */
export function releaseAfterTest(release: () => Promise<void>): void {
  releasers.push(release);
}

/** Release what was set up after each test of the file that calls this. */
export function releaseAfterEachTest(): void {
  afterEach(async () => {
    for (let release = releasers.pop(); release; release = releasers.pop()) await release();
  });
}

/** Somebody waits for the status. */
export const asking: CallPurpose = { kind: 'ask', caller: 'somebody' };

/** Nobody waits for the status. */
export const polling: CallPurpose = { kind: 'poll' };

export const ref = { mappingId: 'XDM44', requestId: '3520' };

/** A scripted upstream for the running test. */
export async function scripted(): Promise<ScriptedUpstream> {
  const upstream = await startScriptedUpstream();
  releaseAfterTest(() => upstream.close());
  return upstream;
}

/** A datasource in front of a scripted upstream, on a clock that the test drives. */
export async function setUp(overrides: Partial<CampaignOptions> = {}) {
  const upstream = await scripted();
  const clock = createManualClock();
  const reported: CampaignCall[] = [];
  const campaign = createCampaignDatasource({
    url: new URL(upstream.url),
    organization: 'acme',
    apiKey: 'key-1',
    token: { kind: 'ready', accessToken: 'token-1' },
    timeoutMs: 30_000,
    maxRps: 1000,
    statusRequestIdIn: 'query',
    clock,
    onCall: (call) => reported.push(call),
    ...overrides,
  });
  releaseAfterTest(() => campaign.close());
  return { upstream, clock, campaign, reported };
}

/** The error with which a call ends; anything else fails the test. */
export async function failureOf(call: Promise<unknown>): Promise<UpstreamError> {
  const error = await call.then(
    (value) => new Error(`expected a failure, got ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  );
  if (error instanceof UpstreamError) return error;
  throw error;
}

/** Let the pause between two attempts pass once it has begun; after a 429 also the hold of all calls. */
export async function passBackoff(clock: ManualClock, holdMs = 0): Promise<void> {
  await clock.scheduled(0, 500);
  await clock.advance(500 + holdMs);
}
