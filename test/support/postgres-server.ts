import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { PostgresAnswer, PostgresOrder } from './postgres-protocol.js';

const PROCESS = fileURLToPath(new URL('./postgres-process.js', import.meta.url));

/** The superuser of test servers. */
export const USER = 'postgres';
/** A password, which must not appear anywhere. */
export const PASSWORD = 'planted-postgres-password';

/** A real PostgreSQL server for one test, empty. */
export interface PostgresServer {
  /** The URL of the maintenance database; with another path, of another database. */
  readonly url: string;
  /** Restart it as an operator does, on the same port; every connection ends. */
  restart(): Promise<void>;
  /** Stop it without deleting its data. */
  stop(): Promise<void>;
  /** Start it again, on the same port. */
  start(): Promise<void>;
  /** Stop it, and delete its data. */
  dispose(): Promise<void>;
}

/**
 * Start a server, in a second or two. It does not outlive this process, however that ends.
 *
 * @param settings - of the server, beside those that all servers of tests have
 */
export async function startPostgresServer(
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const child = fork(PROCESS, [JSON.stringify(settings)], {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');

  async function nextAnswer(): Promise<PostgresAnswer> {
    const died = ended.then(([code]) => {
      throw new Error(`The process around PostgreSQL ended with ${code}.`);
    });
    const [answer] = (await Promise.race([once(child, 'message'), died])) as [PostgresAnswer];
    if (answer.kind === 'failed') throw new Error(answer.message);
    return answer;
  }

  async function order(kind: PostgresOrder['kind']): Promise<void> {
    const answered = nextAnswer();
    child.send({ kind } satisfies PostgresOrder);
    await answered;
  }

  const answer = await nextAnswer();
  if (answer.kind !== 'started') throw new Error(`Started, it answered "${answer.kind}".`);
  const start = () => order('start');
  const stop = () => order('stop');
  return {
    url: `postgres://${USER}:${PASSWORD}@127.0.0.1:${answer.port}/postgres`,
    start,
    stop,
    async restart() {
      await stop();
      await start();
    },
    async dispose() {
      child.disconnect();
      await ended;
    },
  };
}
