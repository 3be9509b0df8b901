import { describe, expect, it } from '@jest/globals';
import type { MappingSource } from '../../../src/campaign/mapping/mapping.js';
import { createRunHarness, mappingOf } from '../support/run-harness.js';
import { createPostgresTable, postgresSource } from '../support/test-tables.js';

describe('a table of PostgreSQL', () => {
  it('keeps what a Date would lose: microseconds and days', async () => {
    await using harness = await createRunHarness();
    await using table = await createPostgresTable();
    await table.execute(
      `CREATE TABLE "Odd ""name""" (id bigint, name text, born date, points numeric, is_new boolean, changed timestamptz)`,
    );
    const insert = (id: number, micros: string) =>
      table.execute(
        `INSERT INTO "Odd ""name""" VALUES (${id}, 'Ada', '1985-12-10', 12.5, true, '2024-01-01 10:00:00.${micros}+02')`,
      );
    const fields = [
      { column: 'id', to: '_id', as: 'string' },
      { column: 'born', to: 'person.birthDate', as: 'date' },
      { column: 'points', to: 'loyalty.points', as: 'number' },
      { column: 'is_new', to: '_acme.isNew', as: 'boolean' },
      { column: 'changed', to: '_acme.changedAt', as: 'date-time' },
    ] as const;
    const mapping = mappingOf(table.source, { changed: 'changed', fields });
    await insert(1, '123456');
    await harness.run(mapping);
    await insert(2, '123457');
    // Late: stamped before the first one, and committed after it was sent.
    await insert(3, '123455');
    await harness.run(mapping);
    await harness.run(mapping);
    expect(harness.platform.records()).toEqual(
      [
        ['1', '123456'],
        ['2', '123457'],
        ['3', '123455'],
      ].map(([id, micros]) => ({
        _id: id,
        person: { birthDate: '1985-12-10' },
        loyalty: { points: 12.5 },
        _acme: { isNew: true, changedAt: `2024-01-01T08:00:00.${micros}+00:00` },
      })),
    );
  });

  it('is not counted again once that has failed', async () => {
    await using harness = await createRunHarness();
    await using table = await createPostgresTable();
    const letCount = (isAllowed: boolean) =>
      table.execute(
        `CREATE OR REPLACE FUNCTION let_count() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
           IF current_query() LIKE '%count(*)%' AND NOT ${isAllowed} THEN RAISE 'too large'; END IF;
           RETURN true;
         END $$`,
      );
    await letCount(false);
    await table.execute(
      `CREATE TABLE people (id int, name text, changed int);
       INSERT INTO people VALUES (1, 'Ada', 1);
       CREATE VIEW "Odd ""name""" AS SELECT * FROM people WHERE let_count()`,
    );
    const mapping = mappingOf(table.source, { changed: 'changed' });
    expect(await harness.run(mapping)).toMatchObject({ numRecords: 1, reason: '' });
    await letCount(true);
    expect(await harness.run(mapping)).toMatchObject({ numRecords: 0, reason: '' });
    await table.execute("INSERT INTO people VALUES (2, 'Kim', 0)");
    // If it had been counted again, this run would notice the row.
    expect(await harness.run(mapping)).toMatchObject({ numRecords: 0, reason: '' });
  });

  it('keeps every digit of lists and JSON', async () => {
    await using harness = await createRunHarness();
    await using table = await createPostgresTable();
    await table.execute(
      `CREATE TABLE "Odd ""name""" AS SELECT 1 AS id, '{2024-05-01}'::date[] AS days,
       '{12345678901234567.89}'::numeric[] AS sums, '{"n":[9007199254740993,0.1]}'::jsonb AS doc`,
    );
    const columns = ['days', 'sums', 'doc'];
    const fields = columns.map((column) => ({ column, to: column }));
    await harness.run(mappingOf(table.source, { fields }));
    const [batch] = harness.platform.batches;
    expect(String(batch?.files.values().next().value)).toBe(
      '{"days":["2024-05-01"],"sums":["12345678901234567.89"],"doc":{"n":[9007199254740993,0.1]}}\n',
    );
  });

  it('arrives as PostgreSQL writes it, whatever its type', async () => {
    await using harness = await createRunHarness();
    await using table = await createPostgresTable();
    await table.execute('CREATE EXTENSION citext; CREATE EXTENSION hstore');
    await table.execute(
      `CREATE TYPE pair AS (a int, b text); CREATE DOMAIN whole AS bigint;
       CREATE TABLE "Odd ""name""" AS SELECT 1 AS id, 'Ab@C'::citext AS citext, 9007199254740993::whole AS domain,
       1.10::numeric AS "numeric", '[2024-01-01 10:00+02,)'::tstzrange AS range, '{[1,3),[5,9)}'::int4multirange AS ranges,
       '1 year -3 days 04:05:06.7'::interval AS interval, '\\xdeadbeef'::bytea AS bytea, '-1.5'::money AS money,
       date '0044-03-15 BC' AS bc, date 'infinity' AS "infinity", timestamptz '2024-05-01 00:30:00.123456+02' AS "timestamptz",
       timetz '10:00+02' AS timetz, row(1, 'x, "y"')::pair AS composite,
       'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS uuid, '10.0.0.1/24'::inet AS inet, B'101' AS bit, 'ab'::char(5) AS char,
       'a=>1, b=>NULL'::hstore AS hstore, '(1,2)'::point AS point, '<(1.5,2),3>'::circle AS circle,
       '1 2'::int2vector AS int2vector, '3 4'::oidvector AS oidvector, '12345678901234567890'::jsonb AS long`,
    );
    const wanted = {
      citext: 'Ab@C',
      domain: '9007199254740993',
      numeric: '1.10',
      range: '["2024-01-01 08:00:00+00",)',
      ranges: '{[1,3),[5,9)}',
      interval: '1 year -3 days +04:05:06.7',
      bytea: '\\xdeadbeef',
      money: '-$1.50',
      bc: '0044-03-15 BC',
      infinity: 'infinity',
      timestamptz: '2024-04-30 22:30:00.123456+00',
      timetz: '10:00:00+02',
      composite: '(1,"x, ""y""")',
      uuid: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      inet: '10.0.0.1/24',
      bit: '101',
      char: 'ab   ',
      hstore: '"a"=>"1", "b"=>NULL',
      point: '(1,2)',
      circle: '<(1.5,2),3>',
      int2vector: '1 2',
      oidvector: '3 4',
      long: '12345678901234567890',
    };
    const fields = Object.keys(wanted).map((column) => ({ column, to: column }));
    await harness.run(mappingOf(table.source, { fields }));
    expect(harness.platform.records()).toEqual([wanted]);
  });

  it('keeps numbers in JSON and lists that JSON cannot express', async () => {
    await using harness = await createRunHarness();
    await using table = await createPostgresTable();
    await table.execute(
      `CREATE DOMAIN doc AS jsonb; CREATE TABLE "Odd ""name""" AS SELECT 1 AS id, '{1.5,NaN,Infinity,NULL}'::float8[] AS floats,
       '{{1,2},{3,4}}'::int[] AS table, '{"n":1e400,"m":5e-400}'::json AS json, ARRAY['{"n":[1]}'::doc] AS docs`,
    );
    const columns = ['floats', 'table', 'json', 'docs'];
    const fields = columns.map((column) => ({ column, to: column }));
    await harness.run(mappingOf(table.source, { fields }));
    const [batch] = harness.platform.batches;
    expect(String(batch?.files.values().next().value)).toBe(
      '{"floats":[1.5,"NaN","Infinity",null],"table":[[1,2],[3,4]],"json":{"n":1e400,"m":5e-400},"docs":[{"n":[1]}]}\n',
    );
  });

  it('returns arrays of its own types and of JSON as lists', async () => {
    await using harness = await createRunHarness();
    await using table = await createPostgresTable();
    await table.execute(
      `CREATE TYPE mood AS ENUM ('sad', 'so so'); CREATE DOMAIN mail AS text;
       CREATE TABLE "Odd ""name""" AS SELECT 1 AS id, '{sad,"so so",NULL}'::mood[] AS moods, '{a@b}'::mail[] AS mails,
       ARRAY['{"n":9007199254740993}'::jsonb] AS docs, '{1,2}'::int[] AS plain,
       '{9007199254740993}'::bigint[] AS large, 'sad'::mood AS one`,
    );
    const columns = ['moods', 'mails', 'docs', 'plain', 'large', 'one'];
    const fields = columns.map((column) => ({ column, to: column }));
    await harness.run(mappingOf(table.source, { fields }));
    const [batch] = harness.platform.batches;
    expect(String(batch?.files.values().next().value)).toBe(
      '{"moods":["sad","so so",null],"mails":["a@b"],"docs":[{"n":9007199254740993}],"plain":[1,2],"large":["9007199254740993"],"one":"sad"}\n',
    );
  });

  it('returns the same values whatever the settings of its database', async () => {
    await using harness = await createRunHarness();
    await using table = await createPostgresTable();
    await table.execute(
      `CREATE TABLE "Odd ""name""" AS SELECT 1 AS id, 0.1::float8 + 0.2 AS points`,
    );
    await table.execute(`DO $$ BEGIN
      EXECUTE format('ALTER DATABASE %I SET extra_float_digits = -15', current_database());
    END $$`);
    const fields = [
      { column: 'id', to: '_id', as: 'string' },
      { column: 'points', to: 'loyalty.points', as: 'number' },
    ] as const;
    await harness.run(mappingOf(table.source, { fields }));
    expect(harness.platform.records()).toEqual([{ _id: '1', loyalty: { points: 0.1 + 0.2 } }]);
  });

  it('is found in the named schema', async () => {
    await using harness = await createRunHarness();
    await using table = await createPostgresTable();
    await table.execute(`CREATE SCHEMA "C.R.M"`);
    await table.execute(`CREATE TABLE "C.R.M".people AS SELECT 1 AS id, 'Ada' AS name`);
    const source = { ...table.source, schema: 'C.R.M', table: 'people' } as MappingSource;
    expect(await harness.run(mappingOf(source))).toMatchObject({ numRecords: 1 });
  });

  it.each([
    ['nobody listens', 'postgres://crm:hunter2@127.0.0.1:1/crm', true],
    ['the string is none', 'postgres://crm:hunter2@[nowhere/crm', false],
  ])('is reported without its password if %s', async (_what, url, isTransient) => {
    await using harness = await createRunHarness();
    const outcome = await harness.run(mappingOf(postgresSource(url, 'people')));
    expect(outcome).toMatchObject({ kind: 'failed', code: 'ACP-880056', isTransient });
    expect(JSON.stringify(outcome)).toContain('CRM_DATABASE_URL');
    expect(JSON.stringify(outcome)).not.toContain('hunter2');
  });

  it('is reported as retryable when its connection is cut', async () => {
    await using table = await createPostgresTable();
    await table.execute(
      `CREATE TABLE "Odd ""name""" AS SELECT id, 'Ada' AS name FROM generate_series(1, 5000) AS id`,
    );
    const mapping = mappingOf(table.source, { recordsPerSecond: 1_000 });
    const clock = {
      now: () => performance.now(),
      monotonicMs: () => performance.now(),
      // The first pause of the run: its connection is there, and idle.
      wait: () =>
        table.execute(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sluice' AND datname = current_database()`,
        ),
    };
    await using harness = await createRunHarness({ clock });
    expect(await harness.run(mapping)).toMatchObject({
      kind: 'failed',
      code: 'ACP-880056',
      isTransient: true,
    });
  });
});
