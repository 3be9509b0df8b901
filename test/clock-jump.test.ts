import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { askGateway } from './support/ask-gateway.js';
import { startAnswers, statusAnswers } from './support/campaign-answers.js';
import { type GatewayProcess, startGatewayProcess } from './support/gateway-process.js';
import { json, type ScriptedUpstream, startScriptedUpstream } from './support/scripted-upstream.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const JUMPS_MS = [-HOUR_MS, DAY_MS];

/** Sets the clock of the main thread with each SIGUSR2, by one jump after the other. */
const PRELOAD = `
import { isMainThread } from 'node:worker_threads';
const real = Date.now.bind(Date);
const jumps = ${JSON.stringify(JUMPS_MS)};
let offset = 0;
Date.now = () => real() + offset;
if (isMainThread) process.on('SIGUSR2', () => { offset += jumps.shift() ?? 0; });
`;

let upstream: ScriptedUpstream;
let dataDir: string;
let gateway: GatewayProcess;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  dataDir = await mkdtemp(join(tmpdir(), 'clock-jump-'));
  const preload = join(dataDir, 'preload.mjs');
  await writeFile(preload, PRELOAD);
  gateway = startGatewayProcess({
    upstreamUrl: upstream.url,
    dataDir,
    env: { NODE_OPTIONS: `--import ${preload}`, CAMPAIGN_MAX_RPS: '20' },
  });
});
afterAll(async () => {
  gateway.child.kill();
  await gateway.ended;
  await upstream.close();
  await rm(dataDir, { recursive: true });
});

const ask = async (query: string) => askGateway(await gateway.url, query);

const START = 'mutation { startIngestion(input: { mappingId: "XDM44" }) { __typename } }';
const status = (maxAgeMs: number) =>
  `{ ingestionStatus(mappingId: "XDM44", requestId: "3520", maxAgeMs: ${maxAgeMs}) { status } }`;

it('a gateway whose clock is set, back by an hour and forward by a day, goes on as before', async () => {
  const inProgress = json(200, statusAnswers.inProgress('XDM44', 3520));
  upstream.script(json(200, startAnswers.submitted('XDM44', 3520)));
  upstream.otherwise(inProgress);
  expect(await ask(START)).toMatchObject({ data: { startIngestion: {} } });

  for (const _jump of JUMPS_MS) {
    upstream.script(json(429, { error_code: '429050', message: 'slow' }, { 'retry-after': '1' }));
    const before = upstream.calls.length;
    await upstream.arrived(before + 1);
    gateway.child.kill('SIGUSR2');
    // Polls go on once the second is over, which is by no other clock.
    const [limited, next] = (await upstream.arrived(before + 2)).slice(before);
    const waitedMs = (next?.arrivedAt ?? 0) - (limited?.arrivedAt ?? 0);
    expect(waitedMs).toBeGreaterThanOrEqual(990);
    expect(waitedMs).toBeLessThan(3_000);
    expect(await ask(status(0))).toEqual({ data: { ingestionStatus: { status: 'IN_PROGRESS' } } });
  }

  const asked = upstream.calls.length;
  await upstream.arrived(asked + 3);
  const [first, , third] = upstream.calls.slice(asked);
  // No storm: polls of one request, which is watched no more closely than before.
  expect((third?.arrivedAt ?? 0) - (first?.arrivedAt ?? 0)).toBeGreaterThanOrEqual(40);
  upstream.otherwise(json(200, statusAnswers.success('XDM44', 3520)));
  // A poll that is in progress may still have the answer of before, and who asks meanwhile shares it.
  await upstream.arrived(upstream.calls.length + 1);
  expect(await ask(status(0))).toEqual({ data: { ingestionStatus: { status: 'SUCCESS' } } });
});
