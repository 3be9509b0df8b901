import { describe, expect, it } from '@jest/globals';
import {
  createWorkspace,
  DATA_SET_ID,
  PEOPLE,
  startReceiver,
  toLines,
  useReceiver,
} from './support/running-receiver.js';

const receiver = useReceiver();

describe('the catalog', () => {
  it('lists batches, filtered and in pages', async () => {
    await using own = await createWorkspace();
    let now = 1_000;
    const clock = { now: () => now, monotonicMs: () => now, wait: async () => {} };
    await using quiet = await startReceiver({ ...own, clock });
    const ids: string[] = [];
    for (; ids.length < 5; now += 1_000) ids.push((await quiet.create()).json.id);
    await quiet.act(ids[1] ?? '', 'ABORT');
    const list = async (query: string) => {
      const { json } = await quiet.call(`/data/foundation/catalog/batches?${query}`);
      return Object.keys(json).map((id) => ids.indexOf(id));
    };
    expect(await list('')).toEqual([4, 3, 2, 1, 0]);
    expect(await list('orderBy=asc:created&limit=2&start=1')).toEqual([1, 2]);
    expect(await list('status=aborted')).toEqual([1]);
    expect(await list('createdAfter=2000&createdBefore=4000')).toEqual([2]);
    expect(await list(`dataSet=${'b'.repeat(24)}`)).toEqual([]);
    expect(await list(`dataSet=${DATA_SET_ID}&limit=1`)).toEqual([4]);
    expect(await list('orderBy=asc:status,desc:created')).toEqual([1, 4, 3, 2, 0]);
    expect(await list('orderBy=desc:updated,created')).toEqual([1, 4, 3, 2, 0]);
    expect(await list(`batch=${ids[2]}`)).toEqual([2]);
    expect(await list(`externalId=${ids[3]}&created=4000`)).toEqual([3]);
    expect(await list('updated=6000')).toEqual([1]);
    const { json } = await quiet.call(
      '/data/foundation/catalog/batches?limit=1&properties=status,tags',
    );
    expect(Object.keys(json[ids[4] ?? ''])).toEqual(['status', 'tags']);
  });

  it('lists datasets, and the last batches of each', async () => {
    await using own = await createWorkspace([
      { ...PEOPLE, schema: { $id: 'https://ns.adobe.com/a/schemas/1' } },
      { ...PEOPLE, id: 'b'.repeat(24), name: 'Others' },
    ]);
    await using quiet = await startReceiver(own);
    const look = async (path: string) =>
      (await quiet.call(`/data/foundation/catalog/${path}`)).json;
    const all = await look('dataSets?limit=100');
    expect(all).toMatchObject({
      [DATA_SET_ID]: {
        name: 'People',
        imsOrg: 'org-1@AdobeOrg',
        sandboxId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-/),
        tags: { 'adobe/pqs/table': ['people'] },
        schemaRef: { id: 'https://ns.adobe.com/a/schemas/1' },
      },
      ['b'.repeat(24)]: { name: 'Others' },
    });
    expect(Object.keys(await look('datasets/?orderBy=asc:name&limit=1'))).toEqual(['b'.repeat(24)]);
    expect(await look('dataSets?name=People&properties=name')).toEqual({
      [DATA_SET_ID]: { name: 'People' },
    });
    expect(await look(`dataSets/${DATA_SET_ID}`)).toEqual({ [DATA_SET_ID]: all[DATA_SET_ID] });
    expect(await look(`dataSets/${'c'.repeat(24)}`)).toMatchObject({ status: 404 });
    expect(await look('lastBatches')).toEqual({});

    const good = await quiet.ingest({ 'a.json': toLines({ _id: '1' }) });
    const bad = await quiet.ingest({});
    const { id, sandboxId } = (await quiet.create()).json;
    expect(sandboxId).toBe(all[DATA_SET_ID].sandboxId);
    expect(await look('lastBatches')).toMatchObject({
      [DATA_SET_ID]: {
        lastBatchId: id,
        lastBatchStatus: 'loading',
        lastSuccessfulBatchId: good.id,
        lastFailedBatchId: bad.id,
        sandboxId,
      },
    });
    expect(await look('lastBatches?lastBatchStatus=success')).toEqual({});
    expect(await look(`lastBatches?dataSetId=${'b'.repeat(24)}`)).toEqual({});
  });

  it.each([
    ['limit=0', 'limit: expected 1 to 100'],
    ['limit=x', 'limit: expected a number'],
    [
      'orderBy=desc:size',
      'orderBy: expected asc: or desc:, and fields to sort by, from created, updated, started, completed, status, externalId',
    ],
    ['createdUser=me', 'Unrecognized key: "createdUser"'],
  ])('refuses %s', async (query, detail) => {
    expect(await receiver.call(`/data/foundation/catalog/batches?${query}`)).toMatchObject({
      httpStatus: 400,
      json: { detail },
    });
  });
});
