import { describe, expect, it } from '@jest/globals';
import {
  createWorkspace,
  mappingYaml,
  peopleCsv,
  readBatches,
  startService,
} from './support/running-service.js';

/** The records of the part files, in their order. */
function recordsOf(files: Record<string, string>): unknown[] {
  return Object.entries(files)
    .filter(([path]) => path.endsWith('.ndjson'))
    .flatMap(([, content]) => content.trimEnd().split('\n'))
    .map((line) => JSON.parse(line));
}

describe('the files of a batch', () => {
  it('hold every record of the source once, in its order, and a manifest that counts them', async () => {
    await using space = await createWorkspace({
      'a.yaml': mappingYaml('M', { target: { dataset: 'profiles', recordsPerFile: 2_000 } }),
      'people.csv': peopleCsv(5_001),
    });
    await using service = await startService(space);
    await service.post('M');
    await service.ended(1);

    expect((await service.get('M', 1)).json).toMatchObject({ numRecords: 5_001 });
    const files = await readBatches(space.dataDir);
    const batchId = Object.keys(files)[0]?.slice(0, 32) ?? '';
    expect(Object.keys(files).map((path) => path.replaceAll('\\', '/'))).toEqual([
      `${batchId}/batch.json`,
      `${batchId}/profiles/part-00001.ndjson`,
      `${batchId}/profiles/part-00002.ndjson`,
      `${batchId}/profiles/part-00003.ndjson`,
    ]);
    expect(recordsOf(files)).toEqual(
      Array.from({ length: 5_001 }, (_, index) => ({
        _id: `p-${index + 1}`,
        person: { name: { firstName: `Zoë ${index + 1}` } },
      })),
    );
    expect(JSON.parse(Object.values(files)[0] ?? '')).toEqual({
      batchId,
      mappingId: 'M',
      dataset: 'profiles',
      files: 3,
      records: 5_001,
    });
  });

  it('carry quoted commas, line ends, quotes and a byte order mark of a CSV as they are meant', async () => {
    await using space = await createWorkspace({
      'a.yaml': mappingYaml('M'),
      'people.csv': '\uFEFFid,name\r\n1,"Byron, Ada"\r\n\r\n2,"two\nlines, ""quoted"""\r\n3,\r\n',
    });
    await using service = await startService(space);
    await service.post('M');
    await service.ended(1);
    expect(recordsOf(await readBatches(space.dataDir))).toEqual([
      { _id: '1', person: { name: { firstName: 'Byron, Ada' } } },
      { _id: '2', person: { name: { firstName: 'two\nlines, "quoted"' } } },
      { _id: '3' },
    ]);
  });

  it('come from nested properties of NDJSON, with or without a last line end', async () => {
    await using space = await createWorkspace({
      'a.yaml': mappingYaml('M', {
        source: 'orders.ndjson',
        fields: [
          { column: 'id', to: '_id' },
          { column: 'at', to: 'timestamp', as: 'date-time' },
          { column: 'customer.email', to: 'identityMap.Email' },
          { column: 'tags', to: '_acme.tags' },
        ],
      }),
      'orders.ndjson':
        '{"id":"o-1","at":0,"customer":{"email":"é@example.com"},"tags":["a"]}\n\n{"id":"o-2","customer":null}',
    });
    await using service = await startService(space);
    await service.post('M');
    await service.ended(1);
    expect(recordsOf(await readBatches(space.dataDir))).toEqual([
      {
        _id: 'o-1',
        timestamp: '1970-01-01T00:00:00.000Z',
        identityMap: { Email: [{ id: 'é@example.com', primary: true }] },
        _acme: { tags: ['a'] },
      },
      { _id: 'o-2' },
    ]);
  });
});
