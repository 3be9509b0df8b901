import { type Kysely, sql } from 'kysely';
import type { Clock } from '../../ingestion/ports.js';
import type { ReplicaTables } from './replica.schema.js';

/** What replicas ask of the database: to run something, with a name for what goes wrong. */
export interface ReplicaDatabase {
  readonly db: Kysely<ReplicaTables>;
  guard<T>(run: () => Promise<T>): Promise<T>;
}

/** Between two signs of life, in ms. */
const BEAT_MS = 2_000;

/** A process is taken for dead when its last sign of life is so old, in ms. */
const LIFE_MS = 6_500;

/** Now and a while, in words of the database. */
export const afterMs = (ms: number) => sql<Date>`now() + make_interval(secs => ${ms / 1000})`;

/** Which processes are alive, by the database’s clock alone. */
export interface ReplicaRegistry {
  /** Be alive until it is stopped. */
  start(): Promise<void>;
  /** The processes that are alive. */
  livingProcesses(): Promise<readonly string[]>;
  /** Be dead at once. */
  stop(): Promise<void>;
}

/** What an operator wants to hear of. */
export interface RegistryEvents {
  /** Processes came, left or died. Where seeing to that fails, this is called again. */
  onChanged(): Promise<void>;
  onFailed(error: unknown): void;
}

/** @param processId - names this process among all that use the database */
export function createReplicaRegistry(
  { db, guard }: ReplicaDatabase,
  processId: string,
  clock: Clock,
  events: RegistryEvents,
): ReplicaRegistry {
  let known = '';
  let cancel = () => {};
  let beating: Promise<void> = Promise.resolve();
  let isStopped = false;

  const livingProcesses = () =>
    guard(async () => {
      const rows = await db
        .selectFrom('replicas')
        .select('process_id')
        .where('expires_at', '>', sql<Date>`now()`)
        .orderBy('process_id')
        .execute();
      return rows.map(({ process_id }) => process_id);
    });

  async function beat(): Promise<void> {
    const row = { replica_id: processId, process_id: processId, expires_at: afterMs(LIFE_MS) };
    await guard(() =>
      db
        .insertInto('replicas')
        .values(row)
        .onConflict((conflict) =>
          conflict.column('replica_id').doUpdateSet({ expires_at: row.expires_at }),
        )
        .execute(),
    );
    await guard(() =>
      sql`delete from replicas where expires_at <= now()
      or expires_at > ${afterMs(2 * LIFE_MS)}`.execute(db),
    );
    const living = String(await livingProcesses());
    if (living === known) return;
    if (known !== '') await events.onChanged();
    known = living;
  }

  function beatOn(): void {
    beating = beat()
      .catch(events.onFailed)
      .then(() => {
        if (!isStopped) cancel = clock.schedule(BEAT_MS, beatOn);
      });
  }

  return {
    async start() {
      await beat();
      cancel = clock.schedule(BEAT_MS, beatOn);
    },
    livingProcesses,
    async stop() {
      isStopped = true;
      cancel();
      await beating;
      const rows = db.deleteFrom('replicas').where('replica_id', '=', processId);
      // Where that fails, others notice that there are no more signs of life.
      await guard(() => rows.execute()).catch(events.onFailed);
    },
  };
}
