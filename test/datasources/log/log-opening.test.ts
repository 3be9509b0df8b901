import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { LogUnusableError } from '../../../src/datasources/log/log-database.js';
import { type LogCopy, serveLog, withFile } from '../../support/log-copies.js';
import { DB, damaged, MARK, unusable, useLogCopies } from './log-damage-harness.js';

const foreign = /sluice\.db belongs to another program\. Set DATA_DIR to another directory\.$/;
const newer =
  /sluice\.db was written by a newer version of Sluice\. Run that version, or set DATA_DIR to another directory\.$/;

const { copies, expectRefused } = useLogCopies();

describe('opening a file that is not a log of this version', () => {
  async function expectDatabaseRefused(change: string, message: RegExp, from?: LogCopy) {
    const dir = from ? await copies.restore(from) : await mkdtemp(join(tmpdir(), 'log-'));
    const database = new DatabaseSync(join(dir, DB), { defensive: false });
    database.exec(change);
    database.close();
    const refused = await serveLog(dir, []).catch((error: unknown) => error);
    await rm(dir, { recursive: true });
    expect(refused).toBeInstanceOf(LogUnusableError);
    expect((refused as Error).message).toMatch(message);
  }

  it('refuses a database of another application', () =>
    expectDatabaseRefused('create table accounts (id integer)', foreign));

  it('refuses a log written by a newer version', () =>
    expectDatabaseRefused(
      `insert into kysely_migration values ('9999_later', '2030-01-01')`,
      newer,
      copies.closed,
    ));

  it('refuses a log whose tables were changed', () =>
    expectDatabaseRefused('drop trigger transitions_follow_one_another', damaged, copies.closed));

  it('refuses a log with an index that lost a row', () =>
    expectDatabaseRefused(
      `create table other (request_key text, position integer);
       create index other_index on other (request_key, position);
       pragma writable_schema = on;
       update sqlite_schema set rootpage = (select rootpage from sqlite_schema where name = 'other_index')
         where name = 'transitions_request_key_position';
       delete from sqlite_schema where name like 'other%'`,
      damaged,
      copies.closed,
    ));

  it('refuses a file that is not a database', async () => {
    await expectRefused(withFile(copies.closed, DB, Buffer.from('text '.repeat(5_000))), damaged);
  });

  it('lets go of a file that it refused, so that it opens once it is restored', async () => {
    const dir = await copies.restore(
      withFile(copies.closed, DB, Buffer.from('text '.repeat(5_000))),
    );
    await expect(serveLog(dir, [])).rejects.toThrow(damaged);
    await writeFile(join(dir, DB), copies.closed.files.get(DB) ?? '');
    expect(await serveLog(dir, copies.closed.cursors)).toEqual(copies.closed.served);
  });
});

describe('opening a data folder that cannot be used', () => {
  it('refuses a file in place of the folder', async () => {
    const dir = await copies.restore(copies.closed);
    await expect(serveLog(join(dir, DB), [])).rejects.toThrow(unusable);
    await expect(serveLog(join(dir, DB, 'below'), [])).rejects.toThrow(unusable);
  });

  it.each([DB, MARK])('refuses a folder in place of %s', async (name) => {
    const dir = await copies.restore(withFile(copies.closed, name, null));
    await mkdir(join(dir, name));
    await expect(serveLog(dir, [])).rejects.toThrow(unusable);
  });
});

const opener = fileURLToPath(new URL('../../support/open-log.js', import.meta.url));

describe('a thread that ends before it has opened the log', () => {
  it('is reported with its own error, because nothing is wrong with the folder', async () => {
    const dir = await copies.restore(copies.closed);
    const fails = `import { isMainThread } from 'node:worker_threads';
      if (!isMainThread) throw new Error('planted');`;
    const flag = `--import=data:text/javascript,${encodeURIComponent(fails)}`;
    const child = spawn(process.execPath, [flag, opener, dir], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [output, complaints, [exitCode]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    expect({ output, exitCode }).toEqual({ output: '', exitCode: 1 });
    expect(complaints).toContain('Error: planted');
    expect(complaints).not.toContain('DATA_DIR');
  });
});

describe('a second process on the same log', () => {
  it('is told that the log is in use, while the first continues', async () => {
    const dir = await copies.restore(copies.closed);
    const first = spawn(process.execPath, [opener, dir], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [opened] = await once(first.stdout, 'data');
    expect(String(opened)).toBe('opened\n');
    await expect(serveLog(dir, [])).rejects.toThrow(
      /sluice\.db is in use by another process\. Stop that one, or set DATA_DIR to another directory\.$/,
    );
    first.stdin.end();
    const [closed] = await once(first.stdout, 'data');
    expect(String(closed)).toBe('closed\n');
    await once(first, 'close');
    expect(await serveLog(dir, copies.closed.cursors)).toEqual(copies.closed.served);
  });
});
