import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { openPostgresLog } from '../../../../src/datasources/log/postgres/postgres.log.js';
import { execute } from '../../../support/postgres.js';
import { openReplica } from '../../../support/postgres-logs.js';
import { appendTo, useReplicas } from './replicas-harness.js';

const { database, open } = useReplicas();

const onFatal = (error: Error) => {
  throw error;
};

/** Like a newer version at its start: it adds, and removes nothing. */
async function migrateFurther(name: string, change: string): Promise<void> {
  await execute(
    database.url,
    `begin; ${change}; insert into kysely_migration values ('${name}', '2100'); commit`,
  );
}

describe('the database', () => {
  it('is prepared by one of the processes that start together', async () => {
    const all = await Promise.all([open(), open(), open(), open()]);
    for (const replica of all) await appendTo(replica, '1');
    const cursors = all.map(({ log }) => log.toCursor(1));
    expect(new Set(cursors).size).toBe(1);
  });

  it('still serves the version before the one that changed it, even after that version restarts', async () => {
    const running = await open();
    await appendTo(running, '1');
    await migrateFurther('9998_future', 'alter table requests add column future text');
    await appendTo(running, '2');
    const restarted = await open();
    await appendTo(restarted, '3');
    await running.untilAnnounced(3);
    expect(await restarted.log.list({}, null, 10)).toHaveLength(3);
  });

  it('refuses a version older than that', async () => {
    const { log } = await openReplica(database.url);
    await log.close();
    await migrateFurther('9998_future', 'alter table requests add column future text');
    await migrateFurther('9999_future', 'alter table starts add column future text');
    await expect(open()).rejects.toThrow(
      /^The database test_\w+ at 127.0.0.1:\d+ was written by a newer version of Sluice. Run that version, or set DATABASE_URL to another database.$/,
    );
  });

  it('is refused if it belongs to another application', async () => {
    await execute(database.url, 'create table requests ()');
    await expect(open()).rejects.toThrow(
      /^The database test_\w+ at 127.0.0.1:\d+ belongs to another program. Set DATABASE_URL to another database.$/,
    );
  });

  it('is named without its password when it cannot be reached', async () => {
    const url = new URL(database.url);
    url.pathname = '/missing';
    const refused = await openPostgresLog({ url: url.href, maxConnections: 2, onFatal }).catch(
      (error: Error) => error,
    );
    expect(refused).toMatchObject({
      name: 'LogUnusableError',
      message: expect.stringMatching(
        /^The database missing at 127.0.0.1:\d+ cannot be used \(database "missing" does not exist\). Check DATABASE_URL/,
      ),
    });
    expect(inspect(refused, { depth: 10 })).not.toContain('planted-postgres-password');
  });

  it('returns numbers for positions and instants', async () => {
    const replica = await open();
    await appendTo(replica, '1');
    const { rows } = await sql`select position, observed_at from transitions`.execute(
      replica.database.db,
    );
    expect(rows).toEqual([{ position: 1, observed_at: 1_000 }]);
  });
});
