import { describe, expect, it } from '@jest/globals';
import { createRunHarness, mappingOf } from '../support/run-harness.js';

describe('an NDJSON file', () => {
  it('may have nested properties, with or without a final line end', async () => {
    await using harness = await createRunHarness();
    const content =
      '{"id":"o-1","at":0,"customer":{"email":"é@example.com"},"tags":["a"]}\n\n{"id":"o-2","customer":null}';
    const path = await harness.write('orders.ndjson', content);
    const fields = [
      { column: 'id', to: '_id' },
      { column: 'at', to: 'timestamp', as: 'date-time', format: 'epoch-milliseconds' },
      { column: 'customer.email', to: 'identityMap.Email' },
      { column: 'tags', to: '_acme.tags' },
    ] as const;
    await harness.run(mappingOf({ kind: 'ndjson', path }, { fields }));
    expect(harness.platform.records()).toEqual([
      {
        _id: 'o-1',
        timestamp: '1970-01-01T00:00:00.000Z',
        identityMap: { Email: [{ id: 'é@example.com', primary: true }] },
        _acme: { tags: ['a'] },
      },
      { _id: 'o-2' },
    ]);
  });

  it.each([
    ['1234567890123456789', '1234567890123456789'],
    ['9007199254740993.0', '9007199254740993.0'],
    ['90071992547409.93', '90071992547409.93'],
    ['1e400', '1e400'],
    ['-0.10', -0.1],
    ['12.5e3', 12_500],
    ['"9007199254740993"', '9007199254740993'],
  ])('keeps the digits of numbers: %s', async (number, expected) => {
    await using harness = await createRunHarness();
    const path = await harness.write('orders.ndjson', `{"id":"1","n":{"m":[${number}]}}\n`);
    const fields = [
      { column: 'id', to: '_id' },
      { column: 'n.m', to: 'n' },
    ];
    await harness.run(mappingOf({ kind: 'ndjson', path }, { fields }));
    expect(harness.platform.records()).toEqual([{ _id: '1', n: [expected] }]);
  });

  it('is refused if no record has the path of a required field', async () => {
    await using harness = await createRunHarness();
    const path = await harness.write('orders.ndjson', '{"id":"1","Name":"a"}\n{"id":"2"}\n');
    const mapping = (required?: boolean) =>
      mappingOf(
        { kind: 'ndjson', path },
        {
          fields: [
            { column: 'id', to: '_id' },
            { column: 'name', to: 'name', required },
          ],
        },
      );
    expect(await harness.run(mapping())).toMatchObject({
      kind: 'failed',
      reason: 'orders.ndjson: no record has name; they have id, Name',
    });
    expect(await harness.run(mapping(false))).toMatchObject({ numRecords: 2 });
  });

  it('accepts all line ends, and counts each line that is not a record', async () => {
    await using harness = await createRunHarness();
    const path = await harness.write('p.ndjson', '{"id":1,"name":"a"}\r{"id":2}\r\n\n{"id":\r[]\r');
    const mapping = mappingOf(
      { kind: 'ndjson', path },
      { maxRejected: { kind: 'records', max: 2 } },
    );
    expect(await harness.run(mapping)).toMatchObject({ numRecords: 2, numRejected: 2 });
    expect((await harness.rejects()).map(({ line }) => line)).toEqual([4, 5]);
  });

  it.each([
    ['longer than a record may be', `"${'x'.repeat(1_100_000)}"`, /exceeds 1000000/],
    ['nested thousands deep', `${'['.repeat(5_000)}${']'.repeat(5_000)}`, /nested too deep/],
  ])('costs a record that is %s, and no other', async (_what, name, reason) => {
    await using harness = await createRunHarness();
    const content = `{"id":"1","name":"a","at":1}\r\n{"id":"2","name":${name},"at":2}\r{"id":"3","name":"c","at":3}\n`;
    const path = await harness.write('people.ndjson', content);
    const mapping = mappingOf(
      { kind: 'ndjson', path },
      { changed: 'at', maxRejected: { kind: 'records', max: 1 } },
    );
    expect(await harness.run(mapping)).toMatchObject({ numRecords: 2, numRejected: 1 });
    expect(await harness.rejects()).toMatchObject([
      { line: 2, reason: expect.stringMatching(reason) },
    ]);
  });

  it('may have a property with a dot in its name', async () => {
    await using harness = await createRunHarness();
    const path = await harness.write('people.ndjson', '{"id":"1","person.name":"Ada"}\n');
    const fields = [
      { column: 'id', to: '_id' },
      { column: 'person.name', to: 'name' },
    ];
    await harness.run(mappingOf({ kind: 'ndjson', path }, { fields }));
    expect(harness.platform.records()).toEqual([{ _id: '1', name: 'Ada' }]);
  });
});
