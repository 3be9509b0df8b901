import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { findSharedPostgres } from './shared-postgres.js';

/** A database for one test. */
export interface TestDatabase {
  /** `postgres://user:password@host:port/name` */
  readonly url: string;
  /** Delete it and cut off whoever is still connected. */
  drop(): Promise<void>;
}

/**
 * Make an empty database, in some ms.
 *
 * @param serverUrl - of the server that is to have it; the one that all tests of a run share where left out
 */
export async function createTestDatabase(serverUrl?: string): Promise<TestDatabase> {
  const server = serverUrl ?? (await findSharedPostgres());
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await execute(server, `create database ${name} template template0 strategy file_copy`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: () => execute(server, `drop database if exists ${name} with (force)`),
  };
}

/** Run one statement on its own connection. */
export async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
