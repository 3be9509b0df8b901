import { inspect } from 'node:util';
import {
  createIngestionLog,
  type DurableIngestionLog,
} from '../../src/datasources/log/ingestion-log.datasource.js';
import type { LogDatabase } from '../../src/datasources/log/log-database.js';
import {
  openPostgresLog,
  type PostgresTimeouts,
} from '../../src/datasources/log/postgres/postgres.log.js';
import { openStartLog } from '../../src/datasources/log/start-log.datasource.js';
import type { Clock, StartLog } from '../../src/ingestion/ports.js';
import type { Transition } from '../../src/ingestion/transition.js';
import { systemClock } from '../../src/process/system-clock.js';

/** How long the answer to a start may take, in ms. */
const ANSWER_TIMEOUT_MS = 10_000;

/** The log as opened by one of several processes. */
export interface ReplicaLog {
  readonly database: LogDatabase;
  readonly log: DurableIngestionLog;
  readonly starts: StartLog;
  /** The transitions announced to its listeners so far. */
  readonly announced: readonly Transition[];
  /** Resolves once so many were announced. */
  untilAnnounced(count: number): Promise<void>;
}

export interface ReplicaOptions {
  readonly clock?: Clock;
  readonly maxConnections?: number;
  readonly onWarning?: (warning: string) => void;
  readonly timeouts?: PostgresTimeouts;
  readonly onFatal?: (error: Error) => void;
}

/** Open the log of a PostgreSQL database again. */
export async function openReplica(url: string, options: ReplicaOptions = {}): Promise<ReplicaLog> {
  const onFatal =
    options.onFatal ??
    ((error: Error) => {
      throw new Error(`The log is past use: ${inspect(error)}`);
    });
  const { maxConnections = 4, onWarning, timeouts } = options;
  const database = await openPostgresLog({ url, maxConnections, onFatal, onWarning }, timeouts);
  const log = await createIngestionLog(database);
  const announced: Transition[] = [];
  let wake = () => {};
  log.onAppended((transition) => {
    announced.push(transition);
    wake();
  });
  return {
    database,
    log,
    starts: await openStartLog(database, options.clock ?? systemClock, ANSWER_TIMEOUT_MS),
    announced,
    async untilAnnounced(count) {
      while (announced.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
