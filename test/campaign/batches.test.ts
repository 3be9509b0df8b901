import { describe, expect, it } from '@jest/globals';
import {
  createWorkspace,
  mappingYaml,
  peopleCsv,
  readBatches,
  startService,
} from './support/running-service.js';

/** The records of the only batch. */
async function recordsIn(dataDir: string): Promise<unknown[]> {
  const batches = Object.values(await readBatches(dataDir));
  expect(batches).toHaveLength(1);
  return batches.flat();
}

describe('the records of a batch', () => {
  it('contain every record of the source once, in order', async () => {
    await using space = await createWorkspace({
      'a.yaml': mappingYaml('M'),
      'people.csv': peopleCsv(5_001),
    });
    await using service = await startService(space);
    await service.post('M');
    await service.ended(1);

    expect((await service.get('M', 1)).json).toMatchObject({ numRecords: 5_001 });
    expect(await recordsIn(space.dataDir)).toEqual(
      Array.from({ length: 5_001 }, (_, index) => ({
        _id: `p-${index + 1}`,
        person: { name: { firstName: `Zoë ${index + 1}` } },
      })),
    );
  });

  it('keep quoted commas, line ends and quotes of a CSV file, without its byte order mark', async () => {
    await using space = await createWorkspace({
      'a.yaml': mappingYaml('M'),
      'people.csv': '\uFEFFid,name\r\n1,"Byron, Ada"\r\n\r\n2,"two\nlines, ""quoted"""\r\n3,\r\n',
    });
    await using service = await startService(space);
    await service.post('M');
    await service.ended(1);
    expect(await recordsIn(space.dataDir)).toEqual([
      { _id: '1', person: { name: { firstName: 'Byron, Ada' } } },
      { _id: '2', person: { name: { firstName: 'two\nlines, "quoted"' } } },
      { _id: '3' },
    ]);
  });

  it('come from nested properties of NDJSON, with or without a final line end', async () => {
    await using space = await createWorkspace({
      'a.yaml': mappingYaml('M', {
        source: { kind: 'ndjson', path: 'orders.ndjson' },
        fields: [
          { column: 'id', to: '_id' },
          { column: 'at', to: 'timestamp', as: 'date-time', format: 'epoch-milliseconds' },
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
    expect(await recordsIn(space.dataDir)).toEqual([
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
