import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely';
import pg from 'pg';
import { createPostgresPool, type PostgresPool } from './postgres.pool.js';
import { type SessionOptions, setUpSession } from './postgres.session.js';

/**
 * An error of a statement, from PostgreSQL or from the network. @see
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export class PostgresError extends Error {
  override readonly name = 'PostgresError';
  /** Null if it did not come from the server. */
  readonly sqlState: string | null;

  constructor(override readonly cause: Error) {
    super(cause.message);
    this.sqlState = cause instanceof pg.DatabaseError ? (cause.code ?? null) : null;
  }

  /** Whether another connection may work: this one is lost, or its server has become a read-only standby. */
  get isOfConnection(): boolean {
    return this.kind === 'lost' || this.sqlState === READ_ONLY_TRANSACTION;
  }

  /**
   * The kind of error: `lost` if the connection is lost, so that nobody knows whether a statement in progress was
   * executed; `unavailable` if the server refused now and may accept later.
   */
  get kind(): 'lost' | 'unavailable' | 'damaged' | 'other' {
    if (this.sqlState === null || /^(08|57P0)/.test(this.sqlState)) return 'lost';
    if (unavailableStates.test(this.sqlState)) return 'unavailable';
    return /^XX00[12]$/.test(this.sqlState) ? 'damaged' : 'other';
  }
}

/**
 * No permissions (a password is being changed), a read-only server (one that is about to take over), cancelled
 * transactions, exhausted resources (disk, memory, connections, room for notifications), a database that accepts no
 * connections for now, an expired lock wait or time limit, system errors.
 */
const unavailableStates =
  /^(25P0[234]|25006|28...|3D000|40...|53...|54000|55000|55P03|57014|58...|72000)$/;

const READ_ONLY_TRANSACTION = '25006';

const INT8 = 20;

/** How to connect, and how to set up each session. */
export interface PostgresDialectOptions {
  readonly pool: Parameters<typeof createPostgresPool>[0];
  readonly session: SessionOptions;
}

/**
 * Kysely's dialect for a PostgreSQL database with a connection pool. Every failure is a {@link PostgresError}.
 */
export function createPostgresDialect(options: PostgresDialectOptions): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => createDriver(createPool(options)),
    createIntrospector: (database) => new PostgresIntrospector(database),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}

function createPool({ pool: options, session }: PostgresDialectOptions): PostgresPool {
  return createPostgresPool({
    ...options,
    onConnect: (client) => setUpSession(client, session),
    types: {
      // Positions and instants are far below 2^53.
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === INT8 ? Number : pg.types.getTypeParser(oid, format as 'text'),
    },
  });
}

function createDriver(pool: PostgresPool): Driver {
  const run = (connection: DatabaseConnection, statement: string) =>
    connection.executeQuery(CompiledQuery.raw(statement));

  return {
    async init() {},
    async acquireConnection() {
      try {
        return new PostgresConnection(await pool.take());
      } catch (error) {
        throw new PostgresError(error as Error);
      }
    },
    async releaseConnection(connection) {
      (connection as PostgresConnection).release();
    },
    async beginTransaction(connection) {
      await run(connection, 'begin');
    },
    async commitTransaction(connection) {
      await run(connection, 'commit');
    },
    async rollbackTransaction(connection) {
      await run(connection, 'rollback');
    },
    destroy: () => pool.end(),
  };
}

/**
 * A borrowed connection. It is not reused if a statement got no answer, because the answer may still come, or if its
 * server is read-only, because another server may have taken its place at the same address.
 */
class PostgresConnection implements DatabaseConnection {
  #lost: PostgresError | null = null;
  #isUnusable = false;

  constructor(private readonly client: pg.PoolClient) {}

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    if (this.#lost) throw this.#lost;
    try {
      const { rows, rowCount } = await this.client.query(sql, [...parameters]);
      return { rows: rows as Row[], numAffectedRows: BigInt(rowCount ?? 0) };
    } catch (error) {
      const failure = new PostgresError(error as Error);
      if (failure.kind === 'lost') this.#lost = failure;
      this.#isUnusable ||= failure.isOfConnection;
      throw failure;
    }
  }

  streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('Streaming is not supported: rows are read in pages.');
  }

  release(): void {
    this.client.release(this.#isUnusable);
  }
}
