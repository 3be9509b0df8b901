import { describe, expect, it } from '@jest/globals';
import type { IngestionLog } from '../../../src/ingestion/ports.js';
import { finished, other, ref, running, useLogs } from './ingestion-log-harness.js';

const logs = useLogs();

describe.each(logs)('the ingestion log %s', (_name, createLog) => {
  it('lists mappings by id, narrowed to a scope and after a mapping', async () => {
    const log = await createLog();
    for (const mappingId of ['web-b', 'crm', 'web-a', 'crm', 'shop']) {
      const requestId = String((await log.head()) + 1);
      await log.append({ ref: { mappingId, requestId }, seen: running, observedAt: 1_000 });
    }
    const all = { kind: 'all' } as const;
    const some = {
      kind: 'mappings',
      mappingIds: ['crm', 'none'],
      mappingPrefixes: ['web-'],
    } as const;
    expect(await log.mappings(all, null, 10)).toEqual(['crm', 'shop', 'web-a', 'web-b']);
    expect(await log.mappings(all, 'crm', 2)).toEqual(['shop', 'web-a']);
    expect(await log.mappings(some, null, 10)).toEqual(['crm', 'web-a', 'web-b']);
    expect(await log.mappings(some, 'web-a', 10)).toEqual(['web-b']);
    expect(await log.mappings({ kind: 'mappings', mappingIds: [] }, null, 10)).toEqual([]);
  });

  it('reads one request, some mappings or all, from any position, in pages', async () => {
    const log = await createLog();
    await log.append({ ref, seen: running, observedAt: 1_000 });
    await log.append({ ref: other, seen: running, observedAt: 2_000 });
    await log.append({ ref, seen: finished, observedAt: 3_000 });
    const all = await log.read({ kind: 'all' }, 0, 10);
    expect(all.map(({ ref }) => ref)).toEqual([ref, other, ref]);
    expect(await log.read({ kind: 'all' }, all[0]?.position ?? 0, 1)).toEqual([all[1]]);
    expect(await log.read({ kind: 'request', ref }, 0, 10)).toEqual([all[0], all[2]]);
    expect(await log.read({ kind: 'mappings', mappingIds: ['TestDoc'] }, 0, 10)).toEqual([all[1]]);
    expect(await log.read({ kind: 'mappings', mappingIds: ['TestDoc', 'XDM44'] }, 0, 10)).toEqual(
      all,
    );
    expect(await log.read({ kind: 'all' }, await log.head(), 10)).toEqual([]);
  });

  it('returns the newest transition of some mappings or of all', async () => {
    const log = await createLog();
    const newest = (mappingIds: string[], mappingPrefixes: string[] = []) =>
      log.newest({ kind: 'mappings', mappingIds, mappingPrefixes });
    expect(await log.newest({ kind: 'all' })).toBe(0);
    expect(await newest(['XDM44'], ['Test'])).toBe(0);
    await log.append({ ref, seen: running, observedAt: 1_000 });
    await log.append({ ref: other, seen: running, observedAt: 2_000 });
    await log.append({ ref, seen: finished, observedAt: 3_000 });
    expect(await log.newest({ kind: 'all' })).toBe(3);
    expect(await newest([])).toBe(0);
    expect(await newest(['nothing'], ['neither'])).toBe(0);
    expect(await newest(['TestDoc', 'nothing'])).toBe(2);
    expect(await newest(['TestDoc'], ['XDM'])).toBe(3);
    expect(await newest([], ['Test'])).toBe(2);
    expect(await newest(Array.from({ length: 3_000 }, (_, index) => `XDM${index}`))).toBe(3);
  });

  it.each<[string[], string[]]>([
    [['a_'], ['a_1']],
    [['a%'], ['a%1']],
    [['a'], ['a_1', 'a%1', 'ab1']],
    [['A'], []],
    [['ä😀'], ['ä😀1']],
    [["'"], ["'1"]],
    [
      ['a_', 'ä'],
      ['a_1', 'ä😀1'],
    ],
    [[], []],
  ])('matches mappings by the prefixes %j, character for character', async (prefixes, expected) => {
    const log = await createLog();
    for (const mappingId of ['a_1', 'a%1', 'ab1', 'ä😀1', "'1"]) {
      await log.append({ ref: { mappingId, requestId: '1' }, seen: running, observedAt: 1_000 });
    }
    const scope = { kind: 'mappings', mappingIds: ['x'], mappingPrefixes: prefixes } as const;
    const read = await log.read(scope, 0, 10);
    expect(read.map(({ ref }) => ref.mappingId)).toEqual(expected);
    const listed = await log.list({ mappings: scope }, null, 10);
    expect(listed.map(({ ref }) => ref.mappingId).reverse()).toEqual(expected);
  });

  it.each([2_000, 100_000])('accepts %i mappings, prefixes, statuses and refs', async (count) => {
    const log = await createLog();
    const refs = ['m1', 'p1.x', 'other'].map((mappingId) => ({ mappingId, requestId: '1' }));
    for (const ref of refs) await log.append({ ref, seen: running, observedAt: 1_000 });
    const number = (name: string) => Array.from({ length: count }, (_, index) => `${name}${index}`);
    const mappings = {
      kind: 'mappings',
      mappingIds: number('m'),
      mappingPrefixes: number('p').map((prefix) => `${prefix}.`),
    } as const;
    const statuses = Array.from({ length: count }, () => 'IN_PROGRESS' as const);
    const read = await log.read(mappings, 0, 10);
    expect(read.map(({ ref }) => ref.mappingId)).toEqual(['m1', 'p1.x']);
    expect(await log.list({ mappings, statuses }, null, 10)).toHaveLength(2);
    const asked = number('m').map((mappingId) => ({ mappingId, requestId: '1' }));
    const found = await log.find([...asked, ...asked]);
    expect(found.filter((record) => record)).toHaveLength(2);
  });

  it('lists requests newest first, filtered and in pages', async () => {
    const log = await createLog();
    const ids = ['1', '2', '3', '4'];
    for (const [index, requestId] of ids.entries()) {
      const mappingId = index % 2 === 0 ? 'even' : 'odd';
      await log.append({ ref: { mappingId, requestId }, seen: running, observedAt: index * 1_000 });
    }
    await log.append({
      ref: { mappingId: 'even', requestId: '1' },
      seen: finished,
      observedAt: 9_000,
    });
    const list = async (...args: Parameters<IngestionLog['list']>) =>
      (await log.list(...args)).map(({ ref }) => ref.requestId);
    expect(await list({}, null, 10)).toEqual(['4', '3', '2', '1']);
    expect(await list({ mappings: { kind: 'mappings', mappingIds: ['even'] } }, null, 10)).toEqual([
      '3',
      '1',
    ]);
    expect(await list({ mappings: { kind: 'mappings', mappingIds: [] } }, null, 10)).toEqual([]);
    expect(await list({ mappings: { kind: 'all' } }, null, 10)).toEqual(['4', '3', '2', '1']);
    expect(await list({ statuses: ['SUCCESS', 'FAILED'] }, null, 10)).toEqual(['1']);
    expect(await list({ observedAfter: 1_000, observedBefore: 3_000 }, null, 10)).toEqual([
      '3',
      '2',
    ]);
    const [first, second] = await log.list({}, null, 2);
    expect(first?.ref.requestId).toBe('4');
    expect(await list({}, second?.firstPosition ?? 0, 10)).toEqual(['2', '1']);
  });

  it('accepts the cursors it created', async () => {
    const log = await createLog();
    await log.append({ ref, seen: running, observedAt: 1_000 });
    const cursor = log.toCursor(1);
    expect(await log.parseCursor(cursor)).toBe(1);
    expect(cursor).toMatch(/^[\w-]+$/);
  });

  it.each([
    ['made up', () => 'not-a-cursor'],
    ['empty', () => ''],
    ['another log’s', async () => (await createLog()).toCursor(1)],
    [
      'changed by one character',
      (cursor: string) => `${cursor.startsWith('A') ? 'B' : 'A'}${cursor.slice(1)}`,
    ],
    ['padded', (cursor: string) => `${cursor}==`],
  ])('refuses a cursor that is %s', async (_what, forge) => {
    const log = await createLog();
    await log.append({ ref, seen: running, observedAt: 1_000 });
    await expect(log.parseCursor(await forge(log.toCursor(1)))).rejects.toMatchObject({
      code: 'CURSOR_INVALID',
    });
  });

  it('refuses one of its own cursors that points past its end', async () => {
    const log = await createLog();
    await expect(log.parseCursor(log.toCursor(1))).rejects.toMatchObject({
      code: 'CURSOR_INVALID',
    });
  });
});
