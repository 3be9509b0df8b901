import { afterEach, beforeEach } from '@jest/globals';
import type { ReportedState, RequestRef } from '../../../../src/ingestion/ingestion-request.js';
import { createTestDatabase, type TestDatabase } from '../../../support/postgres.js';
import {
  openReplica,
  type ReplicaLog,
  type ReplicaOptions,
} from '../../../support/postgres-logs.js';
import { standInFor } from '../../../support/stand-in.js';
import { startTcpProxy, type TcpProxy } from '../../../support/tcp-proxy.js';

export const running: ReportedState = { status: 'IN_PROGRESS', info: 'running', batchId: null };
export const everything = { kind: 'all' } as const;

export const toRef = (requestId: string): RequestRef => ({ mappingId: 'XDM44', requestId });

/** Observe a request through a replica. */
export const appendTo = ({ log }: ReplicaLog, requestId: string, seen: ReportedState = running) =>
  log.append({ ref: toRef(requestId), seen, observedAt: 1_000 });

/** A database, and the replicas that have it open. */
export interface UsedReplicas {
  readonly database: TestDatabase;
  /** In front of the database. */
  readonly proxy: TcpProxy;
  /** Open the log once more, as another replica does; it is closed after the test. */
  open(url?: string, options?: ReplicaOptions): Promise<ReplicaLog>;
  /** Close the log in all replicas. */
  closeAll(): Promise<void>;
}

/** Make a database for each test of the file that calls this. */
export function useReplicas(): UsedReplicas {
  let database: TestDatabase;
  let proxy: TcpProxy;
  const replicas: ReplicaLog[] = [];

  async function closeAll(): Promise<void> {
    for (const { log } of replicas.splice(0)) await log.close();
  }

  beforeEach(async () => {
    database = await createTestDatabase();
    proxy = await startTcpProxy(database.url);
  });

  afterEach(async () => {
    await closeAll();
    await proxy.close();
    await database.drop();
  });

  return {
    database: standInFor(() => database),
    proxy: standInFor(() => proxy),
    async open(url = database.url, options = {}) {
      const replica = await openReplica(url, options);
      replicas.push(replica);
      return replica;
    },
    closeAll,
  };
}
