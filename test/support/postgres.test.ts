import { expect, test } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, execute } from './postgres.js';
import { startPostgresServer } from './postgres-server.js';

test('each test has a database of its own, which it can delete with connections to it open', async () => {
  const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  await execute(one.url, 'create table t ()');
  await execute(other.url, 'create table t ()');
  const client = new pg.Client({ connectionString: one.url });
  await client.connect();
  const cut = new Promise<Error>((resolve) => client.on('error', resolve));
  await one.drop();
  expect(await cut).toMatchObject({ code: '57P01' });
  await expect(execute(one.url, 'select 1')).rejects.toMatchObject({ code: '3D000' });
  await other.drop();
});

test('a server can be restarted, keeps what it has, and ends for good', async () => {
  const server = await startPostgresServer();
  await execute(server.url, 'create table t ()');
  await server.restart();
  await execute(server.url, 'select * from t');
  await server.dispose();
  await expect(execute(server.url, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
