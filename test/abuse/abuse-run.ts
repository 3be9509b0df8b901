import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scriptCampaign } from '../support/campaign-script.js';
import { startGatewayProcess } from '../support/gateway-process.js';
import { startScriptedUpstream } from '../support/scripted-upstream.js';
import { type Attack, attacks } from './attacks.js';
import { type GoodClient, startGoodClient } from './good-client.js';

/** What came of one attack. Memory is the resident set of the gateway’s process. */
export interface AbuseReport {
  readonly name: string;
  readonly count: number;
  /** How the gateway put an end to it. */
  readonly outcome: string;
  readonly beforeMb: number;
  readonly peakMb: number;
  readonly afterMb: number;
  /** How long the good client waited for each of its transitions meanwhile, in ms. */
  readonly lagsMs: readonly number[];
}

/** How often memory is looked at, in ms. */
const LOOK_EVERY_MS = 50;

/** What the good client must have been told of before the next attack. */
const MIN_TRANSITIONS = 3;

/**
 * Attack a gateway in a process of its own, as it ships, while a good client uses it.
 *
 * @param share - of the counts at full strength
 * @throws where an attack did not end as it should, or the good client was let down
 */
export async function runAbuse(
  share: number,
  onReport: (report: AbuseReport) => void = () => {},
): Promise<readonly AbuseReport[]> {
  await using stack = new AsyncDisposableStack();
  const upstream = await startScriptedUpstream();
  stack.defer(() => upstream.close());
  const dataDir = await mkdtemp(join(tmpdir(), 'abuse-'));
  stack.defer(() => rm(dataDir, { recursive: true }));
  const gateway = startGatewayProcess({ upstreamUrl: upstream.url, dataDir });
  stack.defer(async () => {
    gateway.child.kill('SIGTERM');
    await gateway.ended;
  });
  const url = await gateway.url;
  const client = await startGoodClient(url, scriptCampaign(upstream));
  const pid = Number(gateway.child.pid);

  const reports: AbuseReport[] = [];
  for (const [attack, fullCount] of attacks) {
    const report = await observe(attack, Math.ceil(fullCount * share), url, pid, client);
    reports.push(report);
    onReport(report);
  }
  await client.stop();
  if (gateway.complaints.length > 0) throw new Error(gateway.complaints.join('\n'));
  return reports;
}

async function observe(
  { name, run }: Attack,
  count: number,
  url: string,
  pid: number,
  client: GoodClient,
): Promise<AbuseReport> {
  const beforeMb = await residentMb(pid);
  await client.takeLags(0);
  let peakMb = beforeMb;
  const look = setInterval(async () => {
    peakMb = Math.max(peakMb, await residentMb(pid));
  }, LOOK_EVERY_MS);
  try {
    const outcome = await run(url, count);
    const lagsMs = await client.takeLags(MIN_TRANSITIONS);
    const afterMb = await residentMb(pid);
    return { name, count, outcome, beforeMb, peakMb, afterMb, lagsMs };
  } finally {
    clearInterval(look);
  }
}

/** As Linux tells it; not a number elsewhere. */
async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
}
