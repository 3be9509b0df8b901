import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

/** Connections on loan. */
export interface PostgresPool {
  /**
   * Borrow a connection: one that is free, a new one, or else the next one that is given back.
   *
   * @throws {Error} there is none within the time that making one may take
   */
  take(): Promise<pg.PoolClient>;
  /** End those that are given back, and make no more. */
  end(): Promise<void>;
}

/** After the server refused one more, it is asked for one more only after so long, in ms. */
const CONTENT_MS = 5_000;

/** Where there is no connection to wait for, one is asked for so often, in ms. */
const ASK_AGAIN_MS = 100;

const TOO_MANY_CONNECTIONS = '53300';

/** What servers and poolers say, some with codes of their own. */
const TOO_MANY = /too many|no more connections|remaining connection slots|max\w* client/i;

/**
 * A pool of connections that makes do with as many as the server gives: where a role, a database, a server or a
 * pooler has a limit, or others have taken what there is, whoever wants one waits for one of those that there are.
 */
export function createPostgresPool(
  options: pg.PoolConfig & { readonly max: number; readonly connectionTimeoutMillis: number },
): PostgresPool {
  const pool = new pg.Pool(options);
  /** Those that stand; the pool counts those as well that are being made. */
  const standing = new Set<pg.PoolClient>();
  let refusedAt = Number.NEGATIVE_INFINITY;

  // Of a connection that breaks while nothing is asked over it, nobody has to know.
  pool.on('error', () => {});
  pool.on('connect', (client) => {
    standing.add(client);
    client.on('error', () => {});
  });
  pool.on('remove', (client) => void standing.delete(client));

  return {
    async take() {
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
    end: () => pool.end(),
  };
}

function isTooMany(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false;
  return error.code === TOO_MANY_CONNECTIONS || TOO_MANY.test(error.message);
}
