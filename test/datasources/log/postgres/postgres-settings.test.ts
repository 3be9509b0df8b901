import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { sql } from 'kysely';
import pg from 'pg';
import { openPostgresLog } from '../../../../src/datasources/log/postgres/postgres.log.js';
import { createPostgresPool } from '../../../../src/datasources/log/postgres/postgres.pool.js';
import { startPooler } from '../../../support/pooler.js';
import { execute } from '../../../support/postgres.js';
import { openReplica } from '../../../support/postgres-logs.js';
import { appendTo, useReplicas } from './replicas-harness.js';

const { database, open, closeAll } = useReplicas();

const alter = (setting: string) =>
  execute(database.url, `alter database ${new URL(database.url).pathname.slice(1)} ${setting}`);

const refusal = (url = database.url) =>
  open(url).then(
    () => 'It was opened.',
    (error: Error) => `${error.name}: ${error.message}`,
  );

describe('a database with unusual settings', () => {
  it.each(['repeatable read', 'serializable'])(
    'accepts concurrent writes with the isolation %s',
    async (level) => {
      await alter(`set default_transaction_isolation = '${level}'`);
      const all = await Promise.all([open(), open(), open()]);
      await Promise.all(
        all.flatMap((replica, which) =>
          Array.from({ length: 8 }, (_, index) => appendTo(replica, `${which}.${index}`)),
        ),
      );
      for (const replica of all) await replica.untilAnnounced(24);
    },
  );

  it('gives every session the settings it needs', async () => {
    const others = {
      statement_timeout: '900',
      lock_timeout: '1',
      transaction_timeout: '950',
      idle_session_timeout: '900',
      idle_in_transaction_session_timeout: '1',
      synchronous_commit: 'off',
      timezone: "'Asia/Kathmandu'",
      datestyle: "'SQL, DMY'",
      intervalstyle: "'iso_8601'",
      bytea_output: "'escape'",
      extra_float_digits: '-15',
      standard_conforming_strings: 'off',
      search_path: 'not_there, public',
    };
    for (const [name, value] of Object.entries(others)) await alter(`set ${name} = ${value}`);
    const replica = await open();
    const { rows } = await sql<{ settings: object }>`
      select jsonb_object_agg(lower(name), setting) as settings from pg_settings
      where lower(name) = any(${[...Object.keys(others), 'default_transaction_isolation']})`.execute(
      replica.database.db,
    );
    expect(rows[0]?.settings).toEqual({
      default_transaction_isolation: 'read committed',
      statement_timeout: '10000',
      lock_timeout: '5000',
      transaction_timeout: '0',
      idle_session_timeout: '0',
      idle_in_transaction_session_timeout: '3000',
      synchronous_commit: 'on',
      timezone: 'UTC',
      datestyle: 'ISO, DMY',
      intervalstyle: 'postgres',
      bytea_output: 'hex',
      extra_float_digits: '1',
      standard_conforming_strings: 'on',
      search_path: '"public"',
    });
  });

  it.each(['1', '3'])('can be opened with a statement timeout of %s ms', async (limit) => {
    await alter(`set statement_timeout = ${limit}`);
    await appendTo(await open(), '1');
  });

  it('does not end the listening session for being idle', async () => {
    await alter('set idle_session_timeout = 300');
    const changes: boolean[] = [];
    const opened = Promise.withResolvers<void>();
    const log = await openPostgresLog({
      url: database.url,
      maxConnections: 2,
      onFatal: () => {},
      onListening: (isListening) => {
        changes.push(isListening);
        opened.resolve();
      },
    });
    log.onGrown(() => {});
    await opened.promise;
    await sql`select pg_sleep(0.6)`.execute(log.db);
    expect(changes).toEqual([true]);
    await log.close();
  });

  it('keeps the log where it was when other schemas appear', async () => {
    await appendTo(await open(), '1');
    await execute(
      database.url,
      'create schema other; create table other.kysely_migration (name text); create table other.requests ()',
    );
    await alter('set search_path = other, public');
    expect(await (await open()).log.list({}, null, 10)).toHaveLength(1);
  });

  it('creates its tables where its search path says, beside another log', async () => {
    await appendTo(await open(), '1');
    await execute(database.url, 'create schema second');
    await alter('set search_path = second');
    expect(await (await open()).log.list({}, null, 10)).toEqual([]);
  });
});

describe('a database that cannot hold the log', () => {
  const name = 'LogUnusableError: The database test_\\w+ at 127.0.0.1:\\d+';

  it.each<[string, string, RegExp]>([
    [
      'is read-only',
      'set default_transaction_read_only = on',
      / is read-only: default_transaction_read_only is on\. Find out why; then turn it off for the database and the user\.$/,
    ],
    [
      'has no schema',
      "set search_path = ''",
      / has no schema to put tables into: its search_path is ""\. Set one for the user, such as "alter role … set search_path = public"\.$/,
    ],
    [
      'disables the checks',
      'set session_replication_role = replica',
      / has session_replication_role = replica, which disables the checks of what is written\. Reset it for the database and the user\.$/,
    ],
  ])('is refused in one line if it %s', async (_what, setting, message) => {
    await alter(setting);
    expect(await refusal()).toMatch(new RegExp(`^${name}${message.source}`));
  });

  it.each(['SQL_ASCII', 'LATIN1'])('is refused if its encoding is %s', async (encoding) => {
    const other = new URL(database.url);
    other.pathname += '_other';
    const otherName = other.pathname.slice(1);
    await execute(
      database.url,
      `create database ${otherName} encoding '${encoding}' locale 'C' template template0`,
    );
    expect(await refusal(other.href)).toMatch(
      new RegExp(
        `^${name} has the encoding ${encoding}, which cannot hold every text\\. Create a database with`,
      ),
    );
    await execute(database.url, `drop database ${otherName}`);
  });
});

describe('a server with fewer connections than the pool may open', () => {
  let role: string;
  let url: string;

  beforeEach(async () => {
    const { pathname } = new URL(database.url);
    role = `role_${pathname.slice(1)}`;
    await execute(database.url, `create role ${role} login password 'r' connection limit 4`);
    await execute(database.url, `grant all on schema public to ${role}`);
    const own = new URL(database.url);
    own.username = role;
    own.password = 'r';
    url = own.href;
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await closeAll();
    await execute(database.url, `drop owned by ${role} cascade; drop role ${role}`);
  });

  const allow = (count: number) =>
    execute(database.url, `alter role ${role} connection limit ${count}`);

  const createPool = (max: number) =>
    createPostgresPool({ connectionString: url, max, connectionTimeoutMillis: 5_000 });

  it('makes statements wait for each other, and fails none', async () => {
    const replica = await open(url, { maxConnections: 10 });
    const all = Array.from({ length: 60 }, async (_, index) => {
      await replica.database.guard(() => sql`select pg_sleep(0.005)`.execute(replica.database.db));
      await appendTo(replica, String(index));
    });
    await Promise.all(all);
    expect(await replica.log.list({}, null, 100)).toHaveLength(60);
  });

  it('is asked for more connections again after a while', async () => {
    await allow(1);
    const pool = createPool(3);
    const first = await pool.take();
    const second = pool.take();
    await expect(Promise.race([second, first.query('select 1')])).resolves.toHaveProperty('rows');
    first.release();
    (await second).release();
    await allow(3);
    const now = performance.now();
    jest.spyOn(performance, 'now').mockReturnValue(now + 10_000);
    const clients = await Promise.all([pool.take(), pool.take(), pool.take()]);
    expect(new Set(clients).size).toBe(3);
    for (const client of clients) client.release();
    await pool.end();
  });

  it('is asked until it grants one, when others hold all of them', async () => {
    await allow(1);
    const other = new pg.Client({ connectionString: url });
    await other.connect();
    const pool = createPool(3);
    const taken = Promise.all(Array.from({ length: 5 }, async () => (await pool.take()).release()));
    await other.query('select pg_sleep(0.1)');
    await other.end();
    await taken;
    await pool.end();
  });

  it('causes a warning at the start', async () => {
    const warnings: string[] = [];
    const openAndClose = async (of: string, maxConnections: number) => {
      const onWarning = (warning: string) => void warnings.push(warning);
      await (await openReplica(of, { maxConnections, onWarning })).log.close();
    };
    await openAndClose(url, 3);
    expect(warnings).toEqual([]);
    await openAndClose(url, 4);
    await allow(-1);
    await alter('connection limit 5');
    await openAndClose(url, 5);
    await openAndClose(database.url, 200);
    const said = (count: number, setBy: string, wanted: number) =>
      expect.stringMatching(
        new RegExp(
          `^The database test_\\w+ at 127.0.0.1:\\d+ gives at most ${count} connections \\(${setBy}\\), and each process may use ${wanted} \\(DATABASE_POOL_MAX, and 1 more\\)\\. With fewer, statements wait for each other\\. Raise the limit, or lower DATABASE_POOL_MAX\\.$`,
        ),
      );
    expect(warnings).toEqual([
      said(4, 'the connection limit of the user', 5),
      said(5, 'the connection limit of the database', 6),
      said(197, 'max_connections', 201),
    ]);
  });
});

describe('a pooler in front of the database', () => {
  it('is supported if it pools sessions, even if it refuses startup parameters', async () => {
    const pooler = await startPooler(database.url, 'session');
    const [one, other] = [await open(pooler.url), await open(pooler.url)];
    await appendTo(one, '1');
    await other.untilAnnounced(1);
    await closeAll();
    await pooler.close();
  });

  it('is refused if it pools transactions', async () => {
    const pooler = await startPooler(database.url, 'transaction');
    expect(await refusal(pooler.url)).toMatch(
      /^LogUnusableError: The database test_\w+ at 127.0.0.1:\d+ is behind a pooler that gives each transaction another session\. Set pool_mode = session there \(PgBouncer\), or set DATABASE_URL to the server itself\.$/,
    );
    await pooler.close();
  });
});
