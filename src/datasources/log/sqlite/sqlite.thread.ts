import { MessageChannel, Worker } from 'node:worker_threads';
import type { SqliteAnswer, SqliteOpening, SqliteOrder } from './sqlite.protocol.js';

/** SQLite's error for a statement or a file. @see https://sqlite.org/rescode.html */
export class SqliteError extends Error {
  override readonly name = 'SqliteError';

  /** @param errorCode - SQLite's extended result code; null if the error is not SQLite's */
  constructor(
    message: string,
    readonly errorCode: number | null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** The kind of error: the low byte of the extended code. */
  get kind(): 'busy' | 'full' | 'io' | 'damaged' | 'constraint' | 'other' {
    switch ((this.errorCode ?? 0) & 0xff) {
      case 5:
      case 6:
        return 'busy';
      case 13:
        return 'full';
      case 8:
      case 10:
      case 14:
        return 'io';
      case 11:
      case 26:
        return 'damaged';
      case 19:
        return 'constraint';
      default:
        return 'other';
    }
  }
}

/** @see https://sqlite.org/rescode.html#ioerr */
const SQLITE_IOERR = 10;

/** The result of a statement. */
export interface SqliteResult {
  readonly rows: readonly unknown[];
  readonly changes: number;
}

interface RunningThread {
  readonly worker: Worker;
  /** Resolves once it has ended, with the error that ended it, if any. */
  readonly ended: Promise<unknown>;
}

let runningThread: RunningThread | null = null;

/** The thread of all databases of this process, because to start one takes longer than to open a file. */
function findThread(): RunningThread {
  if (runningThread) return runningThread;
  const worker = new Worker(new URL('./sqlite.worker.js', import.meta.url));
  // Only open databases keep the process running.
  worker.unref();
  const ended = Promise.withResolvers<unknown>();
  const end = (error: unknown) => {
    if (runningThread?.worker === worker) runningThread = null;
    ended.resolve(error);
  };
  // Its databases learn of it, too, because their ports close.
  worker.once('error', end);
  worker.once('exit', () => end(null));
  runningThread = { worker, ended: ended.promise };
  return runningThread;
}

/** A database that a separate thread has open. */
export type SqliteThread = Awaited<ReturnType<typeof openSqliteThread>>;

/**
 * Open a database file, for this process alone.
 *
 * @throws {SqliteError} `busy` if another process has it open
 */
export async function openSqliteThread(path: string) {
  const thread = findThread();
  const { port1: port, port2 } = new MessageChannel();
  const waiting = new Map<number, PromiseWithResolvers<SqliteResult>>();
  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  let lastId = 0;
  /** Why nothing can be executed any more, if so. */
  let end: SqliteError | null = null;

  port.on('message', (answer: SqliteAnswer) => {
    switch (answer.kind) {
      case 'opened':
        opened.resolve();
        break;
      case 'notOpened':
        end = new SqliteError(answer.message, answer.errorCode);
        opened.reject(end);
        break;
      case 'rows':
        waiting.get(answer.id)?.resolve(answer);
        waiting.delete(answer.id);
        break;
      case 'failed':
        waiting.get(answer.id)?.reject(new SqliteError(answer.message, answer.errorCode));
        waiting.delete(answer.id);
        break;
    }
  });
  port.on('close', async () => {
    if (!end) {
      // The port may close before the thread says why; until then, the process must not end.
      thread.worker.ref();
      const cause = await thread.ended;
      if (cause !== null) opened.reject(cause);
      // An unexpected end counts as a disk error: nobody knows what happened to the last write.
      end ??= new SqliteError('The database’s thread has ended.', SQLITE_IOERR, { cause });
    }
    for (const { reject } of waiting.values()) reject(end);
    waiting.clear();
    opened.reject(end);
    closed.resolve();
  });

  thread.worker.postMessage({ path, port: port2 } satisfies SqliteOpening, [port2]);
  await opened.promise;
  const send = (order: SqliteOrder) => port.postMessage(order);

  return {
    /** @throws {SqliteError} */
    execute(sql: string, parameters: readonly unknown[]): Promise<SqliteResult> {
      if (end) return Promise.reject(end);
      lastId += 1;
      const result = Promise.withResolvers<SqliteResult>();
      waiting.set(lastId, result);
      send({ kind: 'execute', id: lastId, sql, parameters });
      return result.promise;
    },
    close(): Promise<void> {
      if (!end) send({ kind: 'close' });
      end ??= new SqliteError('The database is closed.', null);
      return closed.promise;
    },
  };
}
