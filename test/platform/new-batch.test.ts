import { describe, expect, it } from '@jest/globals';
import { DATA_SET_ID, DIAGNOSTICS, useReceiver } from './support/running-receiver.js';

const receiver = useReceiver();

describe('a new batch', () => {
  it('is loading, and shows what it was created with', async () => {
    const tags = { source: ['crm'] };
    const { httpStatus, json } = await receiver.create({
      inputFormat: { format: 'JSON', isMultiLineJson: true },
      externalId: 'mine-1',
      tags,
      ...DIAGNOSTICS,
      partialIngestionPercentage: 5,
    });
    expect(httpStatus).toBe(201);
    expect(json).toMatchObject({
      id: expect.stringMatching(/^[0-9A-Z]{26}$/),
      imsOrg: 'org-1@AdobeOrg',
      status: 'loading',
      externalId: 'mine-1',
      relatedObjects: [{ type: 'dataSet', id: DATA_SET_ID }],
      version: '1.0.0',
      tags: { ...tags, acp_enableErrorDiagnostics: true, acp_partialIngestionPercent: 5 },
      inputFormat: { format: 'json', isMultiLineJson: true },
    });
    expect(await receiver.look(json.id)).toEqual(json);
  });

  it.each([
    [{ datasetId: 'b'.repeat(24) }, `There is no dataset ${'b'.repeat(24)}`],
    [{ datasetId: undefined }, 'datasetId: Invalid input: expected string, received undefined'],
    [{ inputFormat: undefined }, 'inputFormat: Invalid input: expected object, received undefined'],
    [
      { inputFormat: { format: 'parquet' } },
      'inputFormat.format: expected json, the only format that this receiver accepts',
    ],
    [
      { partialIngestionPercent: 101 },
      'partialIngestionPercent: Too big: expected number to be <=100',
    ],
    [{ externalId: 'mine-1' }, 'A batch with the external id mine-1 exists'],
  ])('is refused with %j', async (change, detail) => {
    const answer = await receiver.create(change);
    expect(answer).toMatchObject({ httpStatus: 400, json: { title: 'BadRequestError', detail } });
  });

  it('treats null like a missing field', async () => {
    const { json } = await receiver.create();
    const nulls = {
      externalId: null,
      tags: null,
      replay: null,
      enableErrorDiagnostics: null,
      partialIngestionPercent: null,
      partialIngestionPercentage: null,
      inputFormat: { format: 'json', isMultiLineJson: null },
    };
    const answer = await receiver.create(nulls);
    expect(answer.httpStatus).toBe(201);
    const { id, externalId, created, updated, ...same } = answer.json;
    expect(externalId).toBe(id);
    expect(json).toMatchObject(same);
  });

  it('is refused if it is nested too deep', async () => {
    const body = `{"datasetId":"${DATA_SET_ID}","inputFormat":{"format":"json"},"replay":{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}}`;
    const headers = { 'content-type': 'application/json' };
    const path = '/data/foundation/import/batches';
    expect(await receiver.call(path, { method: 'POST', headers, body })).toMatchObject({
      httpStatus: 400,
      json: { detail: 'The body is nested more than 100 deep' },
    });
  });

  it('fails with a report if a record is nested too deep to be shown', async () => {
    const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
    const { status, errors } = await receiver.ingest({ 'a.json': `{"_id":${deep}}` });
    expect([status, errors.length]).toEqual(['failed', expect.any(Number)]);
  });

  it('gets some of its issues, and the number of the others', async () => {
    const tags = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`t${index}`, 1]));
    const { httpStatus, json } = await receiver.create({ tags: { ...tags, t0: 'x', t1: [1] } });
    expect(httpStatus).toBe(400);
    expect(json.detail).toMatch(/^tags\.t0: .*; and 19990 more$/);
    expect(json.detail.length).toBeLessThan(1_000);
    const long = await receiver.create({ tags: { ['t'.repeat(5_000)]: 1 } });
    expect(long.json.detail).toMatch(/^tags\.t{195}…$/);
  });

  it.each([
    ['POST', (id: string) => `import/batches/${id}?action=ABORT&action=FAIL`, 'action'],
    [
      'POST',
      (id: string) =>
        `import/batches/${id}/datasets/${DATA_SET_ID}/files/a.json?action=INITIALIZE&action=COMPLETE`,
      'action',
    ],
    ['GET', (id: string) => `export/batches/${id}/meta?path=row_errors&path=input_files`, 'path'],
    ['GET', (id: string) => `export/batches/${id}/failed?path=a&path=b`, 'path'],
  ] as const)(
    '%s is refused with a parameter that is given twice: %#',
    async (method, toPath, name) => {
      const { id } = (await receiver.create()).json;
      expect(await receiver.call(`/data/foundation/${toPath(id)}`, { method })).toMatchObject({
        httpStatus: 400,
        json: { detail: `${name} must be given once` },
      });
    },
  );

  it('is refused if its type is not JSON', async () => {
    const path = '/data/foundation/import/batches';
    const headers = { 'content-type': 'text/plain' };
    expect(await receiver.call(path, { method: 'POST', headers, body: '{}' })).toMatchObject({
      httpStatus: 400,
      json: { detail: 'A valid content-type must be specified' },
    });
    const json = { 'content-type': 'application/json' };
    expect(await receiver.call(path, { method: 'POST', headers: json, body: '{' })).toMatchObject({
      httpStatus: 400,
      json: { detail: 'The body is not JSON' },
    });
  });
});
