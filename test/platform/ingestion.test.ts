import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  createHeldClock,
  createWorkspace,
  DATA_SET_ID,
  PEOPLE,
  startReceiver,
} from './support/running-receiver.js';

let space: Awaited<ReturnType<typeof createWorkspace>>;
let receiver: Awaited<ReturnType<typeof startReceiver>>;

beforeAll(async () => {
  space = await createWorkspace();
  receiver = await startReceiver(space);
});

afterAll(async () => {
  await receiver.stop();
  await space[Symbol.asyncDispose]();
});

const lines = (...records: unknown[]) =>
  records.map((each) => `${JSON.stringify(each)}\n`).join('');
const DIAGNOSTICS = { enableErrorDiagnostics: true };

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

describe('a complete batch', () => {
  it('goes through every status to success, and counts its records', async () => {
    await using own = await createWorkspace();
    const clock = createHeldClock();
    await using held = await startReceiver({ ...own, clock });
    const { id } = (await held.create()).json;
    await held.put(id, 'b/2.json', lines({ _id: '3' }));
    await held.put(id, '1.json', lines({ _id: 'replaced' }));
    await held.put(id, '1.json', lines({ _id: '1' }, { _id: '2', points: '3' }));

    expect((await held.act(id, 'COMPLETE')).json.status).toBe('loaded');
    for (const status of ['staging', 'staged', 'success']) {
      clock.release();
      await held.reached(id, status);
    }
    const batch = await held.look(id);
    expect(batch).toMatchObject({
      status: 'success',
      version: '1.0.5',
      metrics: {
        inputByteSize: 49,
        inputFileCount: 2,
        inputRecordCount: 3,
        outputRecordCount: 3,
        failedRecordCount: 0,
      },
    });
    expect(batch.errors).toBeUndefined();
    expect(batch.completed).toBeGreaterThanOrEqual(batch.started);
  });

  it('reads a JSON array if it is declared as one', async () => {
    const text = JSON.stringify([{ _id: '1' }, 'x', { _id: '2' }], null, 2);
    const more = {
      inputFormat: { format: 'json', isMultiLineJson: true },
      partialIngestionPercent: 50,
      ...DIAGNOSTICS,
    };
    expect(await receiver.ingest({ 'a.json': text }, more)).toMatchObject({
      status: 'success',
      metrics: { inputRecordCount: 3, outputRecordCount: 2, failedRecordCount: 1 },
    });
  });

  it.each([
    ['no file', {}],
    ['an empty file', { 'a.json': '\n\n' }],
  ])('fails with %s', async (_what, files) => {
    expect(await receiver.ingest(files)).toMatchObject({
      status: 'failed',
      errors: [
        {
          code: '106',
          description: 'Dataset file is empty. Please upload file with data.',
          rows: [],
        },
      ],
    });
  });

  it('fails if a file is not a JSON array', async () => {
    const more = { inputFormat: { format: 'json', isMultiLineJson: true } };
    expect(await receiver.ingest({ 'a.json': '[{"_id":"1"},' }, more)).toMatchObject({
      status: 'failed',
      errors: [
        { code: 'INGEST-1401-400', description: 'File a.json: the file is not a JSON array' },
      ],
    });
  });

  it('can be completed again, accepts no files, and cannot be aborted once it has ended', async () => {
    const { id } = await receiver.ingest({ 'a.json': lines({ _id: '1' }) });
    expect(await receiver.act(id, 'COMPLETE')).toMatchObject({ httpStatus: 200 });
    expect(await receiver.put(id, 'b.json', lines({ _id: '2' }))).toMatchObject({
      httpStatus: 400,
      json: { detail: `Batch ${id} takes no files: its status is success` },
    });
    expect(await receiver.act(id, 'ABORT')).toMatchObject({
      httpStatus: 400,
      json: { detail: `Batch ${id} cannot ABORT: its status is success` },
    });
    expect(await receiver.act(id, 'PUBLISH')).toMatchObject({
      httpStatus: 400,
      json: { detail: 'action must be one of COMPLETE, ABORT, FAIL, REVERT' },
    });
  });

  it('is deleted after a revert, with its files', async () => {
    const { id } = await receiver.ingest({ 'a.json': lines({ _id: '1' }) });
    expect((await receiver.act(id, 'REVERT')).json.status).toBe('inactive');
    await receiver.reached(id, 'deleted');
    expect((await receiver.act(id, 'REVERT')).json.status).toBe('deleted');
  });

  it('has a list of errors if it failed, possibly empty', async () => {
    const { id } = (await receiver.create()).json;
    expect((await receiver.act(id, 'FAIL')).json).toMatchObject({ status: 'failed', errors: [] });
  });

  it('is not processed after an abort', async () => {
    await using own = await createWorkspace();
    await using held = await startReceiver({ ...own, clock: createHeldClock() });
    const { id } = (await held.create()).json;
    await held.put(id, 'a.json', lines({ _id: '1' }));
    await held.act(id, 'COMPLETE');
    expect((await held.act(id, 'ABORT')).json.status).toBe('aborted');
    expect((await held.act(id, 'ABORT')).httpStatus).toBe(200);
    expect((await held.act(id, 'COMPLETE')).httpStatus).toBe(400);
    expect((await held.look(id)).status).toBe('aborted');
  });
});

describe('bad rows', () => {
  const good = { _id: 'good' };
  const rows = `${lines(good, good, good, { points: 1 }, { _id: 'p', points: 'x' })}{"_id: "v1"}\n`;

  it('fail the batch, unless that percentage may be bad', async () => {
    const half = { partialIngestionPercent: 50 };
    expect((await receiver.ingest({ 'a.json': rows })).status).toBe('failed');
    expect((await receiver.ingest({ 'a.json': rows }, half)).status).toBe('success');
    const more = `${rows}${rows}{}`;
    expect((await receiver.ingest({ 'a.json': more }, half)).status).toBe('failed');
  });

  it('are reported in one error without diagnostics', async () => {
    const { errors, metrics } = await receiver.ingest({ 'a.json': rows });
    expect(errors).toEqual([
      {
        code: 'INGEST-1211-400',
        description: expect.stringMatching(/^Encountered errors while parsing, converting/),
      },
    ]);
    expect(metrics).toMatchObject({ outputRecordCount: 0, failedRecordCount: 3 });
  });

  it('are counted by code with diagnostics, and can be fetched', async () => {
    const more = { ...DIAGNOSTICS, partialIngestionPercent: 50 };
    const { id, errors } = await receiver.ingest({ 'a.json': rows }, more);
    expect(errors).toMatchObject([
      {
        code: 'INGEST-1212-400',
        description:
          'Encountered 3 errors in the data. Successfully ingested 3 rows. Please review the associated diagnostic files for more details.',
      },
      { code: 'INGEST-1401-400', recordCount: 1 },
      { code: 'INGEST-1555-400', recordCount: 1 },
      { code: 'INGEST-1501-400', recordCount: 1 },
    ]);

    const { json } = await receiver.call(
      `/data/foundation/export/batches/${id}/meta?path=row_errors`,
    );
    expect(json._page).toEqual({ limit: 100, count: 3 });
    expect(json.data.map(({ name }: { name: string }) => name)).toEqual([
      'conversion_errors_0.json',
      'parsing_errors_0.json',
      'validation_errors_0.json',
    ]);
    const parsing = await receiver.call(new URL(json.data[1]._links.self.href).href);
    expect(parsing.text.length).toBe(Number(json.data[1].length));
    expect(parsing.json).toEqual({
      _corrupt_record: '{"_id: "v1"}',
      _errors: [
        { code: '1401', message: 'Row is corrupted and cannot be read, please fix and resend.' },
      ],
      _filename: 'parsing_errors_0.json',
    });
  });

  it('of a failed batch come with what violates the schema', async () => {
    const { id } = await receiver.ingest({ 'a.json': lines({ _id: 'p', points: 'x' }) });
    const base = `/data/foundation/export/batches/${id}`;
    const { json } = await receiver.call(`${base}/failed`);
    expect(json.data).toMatchObject([{ name: 'part-00000.json' }]);
    expect((await receiver.call(`${base}/failed?path=part-00000.json`)).json).toEqual({
      _id: 'p',
      points: 'x',
      _validationErrors: [
        {
          causingExceptions: [],
          keyword: 'type',
          message: '[x] must be number',
          pointerToViolation: '#/points',
          schemaLocation: '#/properties/points',
        },
      ],
    });
    const input = await receiver.call(`${base}/meta?path=input_files/fileMetaData1.json`);
    expect(input.json).toEqual({ path: 'a.json' });
  });

  it('are fetched by existing names', async () => {
    const { id } = await receiver.ingest({ 'a.json': rows }, DIAGNOSTICS);
    const base = `/data/foundation/export/batches/${id}`;
    for (const path of ['failed?path=../../platform.db', 'meta?path=row_errors/../files/a.json']) {
      expect((await receiver.call(`${base}/${path}`)).httpStatus).toBe(404);
    }
    const { json } = await receiver.call(`${base}/meta`);
    expect(json.data.map(({ name }: { name: string }) => name)).toEqual([
      'row_errors',
      'input_files',
    ]);
    const inner = await receiver.call(json.data[0]._links.self.href);
    expect(inner.json._page.count).toBe(3);
    expect((await receiver.call(`${base}/meta?path=other`)).json.detail).toBe(
      'path must begin with row_errors or input_files',
    );
  });
});

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

    const good = await quiet.ingest({ 'a.json': lines({ _id: '1' }) });
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
