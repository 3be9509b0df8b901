import { describe, expect, it } from '@jest/globals';
import {
  createHeldClock,
  createWorkspace,
  DIAGNOSTICS,
  startReceiver,
  toLines,
  useReceiver,
} from './support/running-receiver.js';

const receiver = useReceiver();

describe('a complete batch', () => {
  it('goes through every status to success, and counts its records', async () => {
    await using own = await createWorkspace();
    const clock = createHeldClock();
    await using held = await startReceiver({ ...own, clock });
    const { id } = (await held.create()).json;
    await held.put(id, 'b/2.json', toLines({ _id: '3' }));
    await held.put(id, '1.json', toLines({ _id: 'replaced' }));
    await held.put(id, '1.json', toLines({ _id: '1' }, { _id: '2', points: '3' }));

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
    const { id } = await receiver.ingest({ 'a.json': toLines({ _id: '1' }) });
    expect(await receiver.act(id, 'COMPLETE')).toMatchObject({ httpStatus: 200 });
    expect(await receiver.put(id, 'b.json', toLines({ _id: '2' }))).toMatchObject({
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
    const { id } = await receiver.ingest({ 'a.json': toLines({ _id: '1' }) });
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
    await held.put(id, 'a.json', toLines({ _id: '1' }));
    await held.act(id, 'COMPLETE');
    expect((await held.act(id, 'ABORT')).json.status).toBe('aborted');
    expect((await held.act(id, 'ABORT')).httpStatus).toBe(200);
    expect((await held.act(id, 'COMPLETE')).httpStatus).toBe(400);
    expect((await held.look(id)).status).toBe('aborted');
  });
});
