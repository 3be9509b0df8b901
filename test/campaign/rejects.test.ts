import { appendFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Mapping } from '../../src/campaign/mapping/mapping.js';
import { addRejects, createRejectFile, readRejects } from '../../src/campaign/run/reject-file.js';
import { createRunHarness, mappingOf } from './support/run-harness.js';
import { createWorkspace, mappingYaml, startService } from './support/running-service.js';

const fields: Mapping['fields'] = [
  { column: 'id', to: '_id' },
  { column: 'points', to: 'loyalty.points', as: 'integer' },
];

/** Three good records and three bad ones, each bad in its way. */
const MIXED = 'id,points\n1,10\n2,many\n3,30\n4,40,too much\n,50\n6,60\n';

async function runOf(content: string, changes: Partial<Mapping>) {
  const harness = await createRunHarness();
  const path = await harness.write('people.csv', content);
  const outcome = await harness.run(mappingOf({ kind: 'csv', path }, { fields, ...changes }));
  return { harness, outcome };
}

describe('bad records', () => {
  it('are stored in a file of their own with reasons, and the others are sent', async () => {
    const { harness, outcome } = await runOf(MIXED, { maxRejected: { kind: 'records', max: 3 } });
    await using _ = harness;
    expect(outcome).toMatchObject({ kind: 'succeeded', numRecords: 3, numRejected: 3 });
    expect(harness.platform.records().map(({ _id }) => _id)).toEqual(['1', '3', '6']);
    expect(await harness.rejects()).toEqual(
      expect.arrayContaining([
        {
          key: '2',
          line: 3,
          reason: 'column "points": expected an integer, got "many"',
          record: { id: '2', points: 'many' },
        },
        {
          key: null,
          line: 5,
          reason: 'expected 2 values, got 3',
          record: '4,40,too much',
        },
        {
          key: '',
          line: 6,
          reason: 'column "id": the key has no value',
          record: { id: '', points: '50' },
        },
      ]),
    );
    const { mode } = await stat(join(harness.dir, 'rejects', 'job-1.ndjson'));
    expect(mode & 0o777).toBe(0o600);
  });

  it.each<[Mapping['maxRejected'], boolean]>([
    [{ kind: 'records', max: 0 }, false],
    [{ kind: 'records', max: 2 }, false],
    [{ kind: 'percent', max: 49.9 }, false],
    [{ kind: 'percent', max: 50 }, true],
    [{ kind: 'percent', max: 100 }, true],
  ])('with a limit of %j: the run succeeds: %j', async (maxRejected, isBorne) => {
    const { harness, outcome } = await runOf(MIXED, { maxRejected });
    await using _ = harness;
    if (isBorne) {
      expect(outcome).toMatchObject({ kind: 'succeeded', numRecords: 3, numRejected: 3 });
      return;
    }
    expect(outcome).toMatchObject({
      kind: 'failed',
      code: 'ACP-880056',
      reason: expect.stringMatching(
        /^3 of \d records are bad, but the mapping allows ([\d.]+( %)?|none)\. The last one: /,
      ),
      numRejected: 3,
      batchId: null,
      isTransient: false,
    });
    expect(harness.platform.batches).toEqual([]);
  });

  it('beyond the limit abort the batch', async () => {
    const good = Array.from({ length: 9_000 }, (_, index) => `${index},1`).join('\n');
    await using harness = await createRunHarness({ fileBytes: 4_096 });
    const path = await harness.write('people.csv', `id,points\n${good}\nx,many\n`);
    expect(await harness.run(mappingOf({ kind: 'csv', path }, { fields }))).toMatchObject({
      kind: 'failed',
      code: 'ACP-880096',
      batchId: 'batch-1',
      numRejected: 1,
    });
    expect(harness.platform.batches[0]?.status).toBe('aborted');
  });

  it.each([
    ['not JSON', '{"id":', 'not JSON'],
    ['not an object', '["1"]', 'expected a JSON object'],
  ])('of NDJSON are kept as they are: %s', async (_what, bad, reason) => {
    await using harness = await createRunHarness();
    const path = await harness.write(
      'people.ndjson',
      `{"id":"1","name":"Ada"}\n${bad}\n{"id":"2"}\n`,
    );
    const mapping = mappingOf(
      { kind: 'ndjson', path },
      { maxRejected: { kind: 'records', max: 1 } },
    );
    expect(await harness.run(mapping)).toMatchObject({ numRecords: 2, numRejected: 1 });
    expect(await harness.rejects()).toEqual([{ key: null, line: 2, reason, record: bad }]);
  });

  it('are neither sent nor rejected again by later runs, which continue after the watermark', async () => {
    await using harness = await createRunHarness();
    const path = await harness.write('people.csv', 'id,points,at\n1,10,1\n2,many,2\n');
    const mapping = mappingOf(
      { kind: 'csv', path },
      { fields, changed: 'at', maxRejected: { kind: 'records', max: 1 } },
    );
    expect(await harness.run(mapping)).toMatchObject({ numRecords: 1, numRejected: 1 });
    expect(await harness.run(mapping)).toMatchObject({ numRecords: 0, numRejected: 0 });
    await harness.write('people.csv', 'id,points,at\n1,10,1\n2,20,3\n');
    expect(await harness.run(mapping)).toMatchObject({ numRecords: 1, numRejected: 0 });
  });
});

describe('lines that are not records', () => {
  it('count once, and again when others are added: the tolerance applies to each run', async () => {
    await using harness = await createRunHarness();
    const path = await harness.write('people.csv', 'id,name,at\n1,Ada,1\nodd\n');
    const mapping = mappingOf(
      { kind: 'csv', path },
      { changed: 'at', maxRejected: { kind: 'records', max: 1 } },
    );
    expect(await harness.run(mapping)).toMatchObject({ numRecords: 1, numRejected: 1 });
    await appendFile(path, '2,Zoë,2\nodder\n');
    expect(await harness.run(mapping)).toMatchObject({ numRecords: 1, numRejected: 1 });
    expect(await harness.rejects()).toMatchObject([{ line: 5, record: 'odder' }]);
    const reason = '2 records that earlier runs have rejected are as they were.';
    expect(await harness.run(mapping)).toMatchObject({ numRejected: 0, reason });
  });
});

describe('records that only Platform rejects', () => {
  const files = (maxRejected: unknown) => ({
    'a.yaml': mappingYaml('M', { maxRejected }),
    'people.csv': 'id,name\n1,Ada\n2,Mallory\n3,Zoë\n',
  });

  it.each([1, '50%'])(
    'with a limit of %j: the others are ingested, and their keys told',
    async (limit) => {
      await using space = await createWorkspace(files(limit));
      await using service = await startService(space);
      await service.post('M');
      await service.ended(1);
      expect((await service.admin('/jobs/1')).json).toMatchObject({
        status: 'Success',
        numberOfRecords: 2,
        numberOfRejectedRecords: 1,
        reason: expect.stringContaining('Platform left 1 record out. INGEST-'),
      });
      expect((await service.admin('/jobs/1/rejects')).json).toMatchObject({
        rejects: [
          { key: '2', line: null, reason: expect.stringContaining('Platform: 1556 #/person') },
        ],
      });
    },
  );

  it('beyond the limit fail the run, and are listed', async () => {
    await using space = await createWorkspace(files(0));
    await using service = await startService(space);
    await service.post('M');
    await service.ended(1);
    const job = { status: 'Failed', numberOfRecords: 0, numberOfRejectedRecords: 1 };
    expect((await service.admin('/jobs/1')).json).toMatchObject(job);
    expect((await service.admin('/jobs/1/rejects')).json).toMatchObject({
      rejects: [{ key: '2' }],
    });
  });
});

describe('a file of rejects', () => {
  it('lists what Platform left out once, however often it is written', async () => {
    await using harness = await createRunHarness();
    const path = join(harness.dir, 'rejects', 'job-1.ndjson');
    const reject = (key: string) => ({ key, line: null, reason: 'bad', record: { name: 'Zoë' } });
    {
      await using file = createRejectFile(path);
      await file.append([reject('1'), reject('2')]);
    }
    for (const _ of [1, 2]) await addRejects(path, 2, [reject('3')]);
    expect((await readRejects(path, 0, 9)).map(({ key }) => key)).toEqual(['1', '2', '3']);
  });
});
