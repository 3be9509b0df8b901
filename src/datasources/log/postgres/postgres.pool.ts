import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

/** After the server refused another connection, how long to wait before asking for one again, in ms. */
const CONTENT_MS = 5_000;

/** If there is no connection to wait for, how often to ask for one, in ms. */
const ASK_AGAIN_MS = 100;

const TOO_MANY_CONNECTIONS = '53300';

/** The messages of servers and poolers, some of which use their own codes. */
const TOO_MANY = /too many|no more connections|remaining connection slots|max\w* client/i;

/** Connections to borrow. */
export type PostgresPool = ReturnType<typeof createPostgresPool>;

/**
 * A pool of connections that works with as many as the server allows. If a role, a database, a server or a pooler has
 * a limit, or others use all connections, borrowers wait for the existing ones.
 */
export function createPostgresPool(
  options: pg.PoolConfig & { readonly max: number; readonly connectionTimeoutMillis: number },
) {
  const pool = new pg.Pool(options);
  /** The established connections; the pool also counts those that are being made. */
  const standing = new Set<pg.PoolClient>();
  let refusedAt = Number.NEGATIVE_INFINITY;

  // Nobody has to know that an idle connection broke.
  pool.on('error', () => {});
  pool.on('connect', (client) => {
    standing.add(client);
    client.on('error', () => {});
  });
  pool.on('remove', (client) => void standing.delete(client));

  return {
    /**
     * Borrow a connection: a free one, a new one, or else the next one that is returned.
     *
     * @throws {Error} none became available within the time that making one may take
     */
    async take(): Promise<pg.PoolClient> {
      const lateAt = performance.now() + options.connectionTimeoutMillis;
      for (;;) {
        if (performance.now() - refusedAt > CONTENT_MS) pool.options.max = options.max;
        try {
          return await pool.connect();
        } catch (error) {
          if (!isTooMany(error) || performance.now() > lateAt) throw error;
        }
        refusedAt = performance.now();
        pool.options.max = Math.max(1, standing.size);
        if (standing.size === 0) await delay(ASK_AGAIN_MS);
      }
    },
    /** Close connections as they are returned, and make no more. */
    end: () => pool.end(),
  };
}

function isTooMany(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false;
  return error.code === TOO_MANY_CONNECTIONS || TOO_MANY.test(error.message);
}
