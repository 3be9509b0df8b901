import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { PlatformSettings } from '../../src/campaign/upload/platform-client.js';
import { startPostgresServer } from '../../test/support/postgres-server.js';
import { createPeopleFile } from './people-file.js';
import { changePostgresPeople, createPostgresPeople } from './people-postgres.js';
import { changePeople, createPeopleTable } from './people-table.js';

/**
 * How fast a run of the Campaign service uploads a table to the local receiver, compared with a bare loop that reads,
 * maps and writes the same NDJSON to a file. Run, loop and receiver are separate processes.
 *
 *     npm run bench:ingest -- [rows] [rounds] [csv | sqlite | postgres]
 */
const [rowsText = '200000', roundsText = '3', database = 'sqlite'] = process.argv.slice(2);
const rows = Number(rowsText);
const rounds = Number(roundsText);

const CHANGED_ROWS = 10;

/** How long each upload waits before the receiver accepts it. */
const LATENCY_MS = 50;

/** As in `npm run campaign`. Otherwise the young generation grows to 130 MB in a run of several minutes. */
const FLAGS = ['--max-semi-space-size=16'];

interface Bare {
  readonly records: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

interface Run {
  readonly outcome: {
    readonly kind: string;
    readonly numRecords: number;
    readonly batchId: string;
  };
  readonly seconds: number;
  readonly uploadSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
  readonly delayMs: number;
}

const dir = await mkdtemp(join(tmpdir(), 'bench-ingest-'));
try {
  await main();
} finally {
  await rm(dir, { recursive: true, force: true });
}

async function main(): Promise<void> {
  await using table = await createTable();
  const file = join(dir, 'people.ndjson');
  const receiver = spawn(
    process.execPath,
    [...FLAGS, scriptOf('receiver'), join(dir, 'platform'), String(LATENCY_MS)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const lines = createInterface(receiver.stdout);
  try {
    const [line] = await once(lines, 'line');
    const url = String(line);
    const settings: PlatformSettings = {
      url,
      apiKey: 'key',
      imsOrg: 'bench@AdobeOrg',
      sandbox: 'prod',
      token: { kind: 'clientCredentials', imsUrl: url, clientId: 'client', clientSecret: 'secret' },
    };
    const watermark = join(dir, 'watermark');
    const run = () =>
      runScript<Run>('run', table.place, join(dir, 'rejects'), JSON.stringify(settings), watermark);
    const bare: Bare[] = [];
    const runs: Run[] = [];
    for (let round = 0; round < rounds; round += 1) {
      bare.push(await runScript<Bare>('bare', table.place, file));
      await rm(watermark, { force: true });
      runs.push(await run());
    }
    await table.change();
    const changed = await run();
    const isSame =
      (await digestOf([file])) ===
      (await digestOf(await filesOf(runs.at(-1)?.outcome.batchId ?? '')));
    const told = once(lines, 'line');
    receiver.kill('SIGTERM');
    report(bare, runs, { isSame, changed, receiverMb: Number((await told)[0]) });
  } finally {
    receiver.kill('SIGTERM');
    if (receiver.exitCode === null) await once(receiver, 'close');
  }
}

interface Table extends AsyncDisposable {
  readonly place: string;
  change(): Promise<void>;
}

async function createTable(): Promise<Table> {
  if (database === 'postgres') {
    const server = await startPostgresServer();
    await createPostgresPeople(server.url, rows);
    return {
      place: server.url,
      change: () => changePostgresPeople(server.url, CHANGED_ROWS),
      [Symbol.asyncDispose]: () => server.dispose(),
    };
  }
  if (database === 'csv') {
    const place = join(dir, 'people.csv');
    createPeopleFile(place, rows, 0);
    return {
      place,
      change: async () => createPeopleFile(place, rows, CHANGED_ROWS),
      async [Symbol.asyncDispose]() {},
    };
  }
  const place = join(dir, 'people.db');
  createPeopleTable(place, rows);
  return {
    place,
    change: async () => changePeople(place, CHANGED_ROWS),
    async [Symbol.asyncDispose]() {},
  };
}

function report(
  bare: readonly Bare[],
  runs: readonly Run[],
  more: { readonly isSame: boolean; readonly changed: Run; readonly receiverMb: number },
): void {
  const { isSame, changed, receiverMb } = more;
  const rateOf = (seconds: number) => Math.round(rows / seconds);
  const bareRate = Math.max(...bare.map(({ seconds }) => rateOf(seconds)));
  const rate = Math.max(...runs.map(({ uploadSeconds }) => rateOf(uploadSeconds)));
  const best = (of: (run: Run) => number) => Math.min(...runs.map(of));
  const accepted = rateOf(best(({ seconds }) => seconds));
  const ratioOf = (ours: number) => Number((ours / bareRate).toFixed(2));
  const figures = {
    database,
    rows,
    'bare loop, records/s': bareRate,
    'latency of an upload, ms': LATENCY_MS,
    'run until the batch is complete, records/s': rate,
    ratio: ratioOf(rate),
    'run until Platform has accepted it, records/s': accepted,
    'ratio of that': ratioOf(accepted),
    'CPU of the bare loop, s': Math.min(...bare.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2),
    'CPU of the run, s': best(({ cpuSeconds }) => cpuSeconds).toFixed(2),
    'peak memory of the run above idle, MB': Math.round(
      Math.max(...runs.map(({ peakMb }) => peakMb)),
    ),
    'peak memory of the receiver above idle, MB': receiverMb,
    'longest hold of the event loop, ms': Math.round(best(({ delayMs }) => delayMs)),
    'same records as the bare loop': isSame,
    [`records sent after ${CHANGED_ROWS} rows have changed`]: changed.outcome.numRecords,
    'seconds of that run': changed.seconds.toFixed(2),
  };
  process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
}

async function runScript<T>(name: string, ...args: string[]): Promise<T> {
  const child = spawn(process.execPath, [...FLAGS, scriptOf(name), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
  return JSON.parse(output) as T;
}

function scriptOf(name: string): string {
  return fileURLToPath(new URL(`${name}.js`, import.meta.url));
}

/** The files that the receiver has of the batch, in their order. */
async function filesOf(batchId: string): Promise<string[]> {
  const entries = await readdir(join(dir, 'platform'), { recursive: true, withFileTypes: true });
  return entries
    .filter(
      (entry) =>
        entry.isFile() && entry.parentPath.includes(batchId) && entry.name.startsWith('part-'),
    )
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}

async function digestOf(files: readonly string[]): Promise<string> {
  const digest = createHash('sha256');
  for (const file of files) for await (const bytes of createReadStream(file)) digest.update(bytes);
  return digest.digest('hex');
}
