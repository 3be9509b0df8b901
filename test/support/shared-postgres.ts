import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type PostgresServer, startPostgresServer } from './postgres-server.js';

/** The path of the socket on which tests ask for the server of their run. */
const VARIABLE = 'SLUICE_TEST_POSTGRES';

/**
 * Begin a test run: whichever of its processes first asks for a PostgreSQL server has one started, for all of
 * them. A run in which nobody asks has none. The end of the run ends the server.
 */
export async function sharePostgres(): Promise<AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-shared-postgres-'));
  let server: Promise<PostgresServer> | null = null;
  const asked = createServer((socket) => {
    server ??= startPostgresServer();
    server.then(
      ({ url }) => socket.end(url),
      (error: Error) => socket.destroy(error),
    );
    socket.on('error', () => {});
  });
  const path = join(directory, 'socket');
  asked.listen(path);
  await once(asked, 'listening');
  process.env[VARIABLE] = path;
  return {
    async [Symbol.asyncDispose]() {
      asked.close();
      await (await server?.catch(() => null))?.dispose();
      await rm(directory, { recursive: true });
    },
  };
}

/** The URL of the server of this run, once it is up. */
export async function findSharedPostgres(): Promise<string> {
  const path = process.env[VARIABLE];
  if (!path) throw new Error('There is a shared PostgreSQL in a run of tests only.');
  const url = await text(connect(path));
  if (url === '') throw new Error('The shared PostgreSQL did not start.');
  return url;
}
