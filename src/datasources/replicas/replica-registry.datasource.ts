import { type Kysely, sql } from 'kysely';
import type { Census, ReplicaRegistry } from '../../ingestion/replica-ports.js';
import type { ReplicaTables } from './replica.schema.js';

/** What the registry asks of the database: to run something, with a name for what goes wrong. */
export interface ReplicaDatabase {
  readonly db: Kysely<ReplicaTables>;
  guard<T>(run: () => Promise<T>): Promise<T>;
}

/** Now and a while, in words of the database. */
export const afterMs = (ms: number) => sql<Date>`now() + make_interval(secs => ${ms / 1000})`;

/**
 * The registry in PostgreSQL. A heartbeat is one statement, and so one moment.
 *
 * @param processId - names this process among all that use the database
 */
export function createReplicaRegistry(
  { db, guard }: ReplicaDatabase,
  processId: string,
): ReplicaRegistry {
  const livingProcesses = sharingNext(() =>
    guard(async () => {
      const rows = await db
        .selectFrom('replicas')
        .select('process_id')
        .where('expires_at', '>', sql<Date>`now()`)
        .execute();
      return rows.map(({ process_id }) => process_id);
    }),
  );

  return {
    async join(replicaId, ttlMs) {
      const row = {
        replica_id: replicaId,
        process_id: processId,
        expires_at: afterMs(ttlMs),
      };
      await guard(() => db.insertInto('replicas').values(row).execute());
    },
    beat: (replicaId, ttlMs) =>
      guard(async () => {
        const { rows } = await sql<Census & { isAlive: boolean }>`
          with dead as (
            delete from replicas where expires_at <= now() returning replica_id
          ), beat as (
            update replicas set expires_at = ${afterMs(ttlMs)}
            where replica_id = ${replicaId} and expires_at > now() returning replica_id
          ), clamped as (
            -- Written before the database's clock was set back: a dead one would live until it has caught up.
            update replicas set expires_at = ${afterMs(ttlMs)}
            where replica_id in (
              select replica_id from replicas
              where replica_id <> ${replicaId} and expires_at > ${afterMs(2 * ttlMs)}
              for update skip locked
            )
          ), living as (
            select replica_id from replicas where expires_at > now()
          ), shares as (
            select replica_id, count(*)::int as items from watches group by replica_id
          )
          select
            exists (select from beat) as "isAlive",
            (select count(*)::int from living) as "livingCount",
            (select coalesce(sum(items), 0)::int from shares) as "watchCount",
            (select coalesce(sum(items), 0)::int from shares
              where replica_id = ${replicaId}) as "heldCount",
            (select coalesce(sum(items), 0)::int from shares where replica_id is null
              or replica_id not in (select replica_id from living)) as "freeCount",
            array(select replica_id from dead) as "deadIds"`.execute(db);
        const [{ isAlive, ...census } = { isAlive: false, ...nobody }] = rows;
        return isAlive ? census : null;
      }),
    async leave(replicaId) {
      await guard(() => db.deleteFrom('replicas').where('replica_id', '=', replicaId).execute());
    },
    livingProcesses,
  };
}

/**
 * Have all who ask while a look is under way share the next one, which begins after they asked: so however many
 * ask, a heartbeat over the same connection waits for two looks at most.
 */
function sharingNext<T>(look: () => Promise<T>): () => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | null = null;
  return () => {
    next ??= last.then(() => {
      next = null;
      const looking = look();
      last = looking.catch(() => {});
      return looking;
    });
    return next;
  };
}

const nobody: Census = { livingCount: 0, watchCount: 0, heldCount: 0, freeCount: 0, deadIds: [] };
