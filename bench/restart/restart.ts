import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startGatewayProcess } from '../../test/support/gateway-process.js';
import { fillLog } from '../support/filled-log.js';

/**
 * How long a gateway with many watched requests takes to be ready again, how much memory it uses then, and how its
 * polls are spread over the poll interval.
 *
 *     npm run bench:restart -- [requests under watch] [finished requests beside them] [poll interval in s]
 */
const [runningRequests = 100_000, finishedRequests = 0, pollIntervalS = 60] = process.argv
  .slice(2)
  .map(Number);

const GOAL_READY_S = 3;
const GOAL_RSS_MB = 300;
const BARS = 20;
const HOUR_MS = 3_600_000;
/** On Linux, on every architecture. */
const TICKS_PER_S = 100;

const polledAt: number[] = [];
const server = createServer((request, response) => {
  polledAt.push(performance.now());
  const requestId = new URL(request.url ?? '/', 'http://upstream').searchParams.get('requestId');
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({ requestId, status: 'In Progress', info: '', batchId: '', numRecords: 0 }),
  );
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const upstreamUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function memoryMb(pid: number | undefined, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
}

/** The CPU time that a process has used, in s: the cost of a start, however busy the machine is. */
async function cpuS(pid: number | undefined): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

/** A start until it is ready. */
async function start(dataDir: string) {
  const startedAt = performance.now();
  const gateway = startGatewayProcess({
    upstreamUrl,
    dataDir,
    env: {
      POLL_MIN_MS: '1000',
      POLL_MAX_MS: String(pollIntervalS * 1000),
      LOG_LEVEL: 'info',
    },
  });
  await gateway.url;
  const readyAt = performance.now();
  const startCpuS = await cpuS(gateway.child.pid);
  return { gateway, readyS: (readyAt - startedAt) / 1000, readyAt, startCpuS };
}

const dataDir = await mkdtemp(join(tmpdir(), 'bench-restart-'));
await fillLog(dataDir, { runningRequests, finishedRequests, observedAt: Date.now() - HOUR_MS });
const emptyDir = await mkdtemp(join(tmpdir(), 'bench-restart-'));
const empty = await start(emptyDir);
const emptyMb = await memoryMb(empty.gateway.child.pid, 'VmRSS');
empty.gateway.child.kill('SIGTERM');
await empty.gateway.ended;

const { gateway, readyS, readyAt, startCpuS } = await start(dataDir);
const rssMb = await memoryMb(gateway.child.pid, 'VmRSS');
console.log(
  `${runningRequests} requests under watch, ${finishedRequests} finished: ${runningRequests + 2 * finishedRequests} transitions\n`,
);
console.log(
  `${''.padEnd(24)}${'measured'.padStart(10)}${'goal'.padStart(8)}${'empty log'.padStart(12)}`,
);
const line = (name: string, measured: number, goal: number, ofEmpty: number) =>
  console.log(
    `${name.padEnd(24)}${measured.toFixed(2).padStart(10)}${String(goal).padStart(8)}${ofEmpty.toFixed(2).padStart(12)}`,
  );
line('from exec to ready, s', readyS, GOAL_READY_S, empty.readyS);
line('CPU time of that, s', startCpuS, GOAL_READY_S, empty.startCpuS);
line('RSS when ready, MB', rssMb, GOAL_RSS_MB, emptyMb);

await delay(pollIntervalS * 1000);
console.log(
  `${'RSS an interval later'.padEnd(24)}${(await memoryMb(gateway.child.pid, 'VmRSS')).toFixed(2).padStart(10)}`,
);
console.log(
  `${'RSS at its highest'.padEnd(24)}${(await memoryMb(gateway.child.pid, 'VmHWM')).toFixed(2).padStart(10)}`,
);
gateway.child.kill('SIGKILL');
await gateway.ended;
server.closeAllConnections();
server.close();

const bars = Array<number>(BARS).fill(0);
for (const at of polledAt) {
  const bar = Math.floor(((at - readyAt) / (pollIntervalS * 1000)) * BARS);
  if (bar >= 0 && bar < BARS) bars[bar] = (bars[bar] ?? 0) + 1;
}
const highest = Math.max(...bars);
console.log(
  `\n${polledAt.length} polls in the ${pollIntervalS} s after that, a ${BARS}th of them to a line:\n`,
);
for (const [index, count] of bars.entries()) {
  const from = ((index * pollIntervalS) / BARS).toFixed(1).padStart(6);
  console.log(
    `${from} s ${String(count).padStart(7)} ${'#'.repeat(Math.round((count / highest) * 50))}`,
  );
}
await rm(dataDir, { recursive: true });
await rm(emptyDir, { recursive: true });
