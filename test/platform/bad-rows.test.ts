import { describe, expect, it } from '@jest/globals';
import { DIAGNOSTICS, toLines, useReceiver } from './support/running-receiver.js';

const receiver = useReceiver();

describe('bad rows', () => {
  const good = { _id: 'good' };
  const rows = `${toLines(good, good, good, { points: 1 }, { _id: 'p', points: 'x' })}{"_id: "v1"}\n`;

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
    const { id } = await receiver.ingest({ 'a.json': toLines({ _id: 'p', points: 'x' }) });
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
