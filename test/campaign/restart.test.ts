import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from '@jest/globals';
import { createState } from '../../src/campaign/state/state.js';
import { STATE_MIGRATIONS } from '../../src/campaign/state/state-migrations.js';
import { createDrivenClock, createSkippingClock } from './support/driven-clock.js';
import {
  createWorkspace,
  mappingYaml,
  peopleCsv,
  readBatches,
  startService,
} from './support/running-service.js';
import { startScriptedPlatform } from './support/scripted-platform.js';

const files = {
  'a.yaml': mappingYaml('M'),
  'slow.yaml': mappingYaml('slow', { recordsPerSecond: 1 }),
  'people.csv': peopleCsv(3),
};

describe('after a restart', () => {
  it('ids continue to rise, and outcomes are remembered', async () => {
    await using space = await createWorkspace(files);
    for (const expected of [1, 2, 3]) {
      await using service = await startService(space);
      expect((await service.post('M')).json).toMatchObject({ requestId: expected });
      await service.ended(expected);
    }
    await using service = await startService(space);
    for (const requestId of [1, 2, 3]) {
      const { json } = await service.get('M', requestId);
      expect(json).toMatchObject({ requestId, numRecords: 3, status: 'Success' });
    }
  });

  it('a run that the stop interrupted is Aborted', async () => {
    await using space = await createWorkspace(files);
    const clock = createDrivenClock();
    const first = await startService({ ...space, clock });
    await first.post('slow');
    await clock.waitedFor();
    await first.stop();
    expect(await readBatches(space.dataDir)).toEqual({});

    await using second = await startService(space);
    expect((await second.get('slow', 1)).json).toMatchObject({ batchId: '', status: 'Aborted' });
    expect((await second.admin('/jobs/1')).json).toMatchObject({
      status: 'Failed',
      reason: 'The ingestion service was stopped while the job was running.',
    });
  });

  it('the status of a batch is read before its records might be resent', async () => {
    await using space = await createWorkspace({
      'a.yaml': mappingYaml('M', { changed: 'name' }),
      'people.csv': peopleCsv(3),
    });
    await using platform = await startScriptedPlatform();
    const options = { ...space, platform: platform.settings, clock: createSkippingClock() };
    platform.report({ status: 'processing' });
    {
      await using service = await startService(options);
      await service.post('M');
      await service.ended(1);
      expect((await service.admin('/jobs/1')).json).toMatchObject({
        status: 'Failed',
        reason: expect.stringContaining('has not decided about batch batch-1 yet'),
      });
    }
    await using service = await startService(options);
    await service.post('M');
    await service.ended(2);
    const { json } = await service.admin('/jobs/2');
    expect(json).toMatchObject({ status: 'Failed', reason: expect.stringContaining('batch-1') });

    platform.report({ status: 'success' });
    await service.post('M');
    await service.ended(3);
    const last = await service.admin('/jobs/3');
    expect(last.json).toMatchObject({ status: 'Success', numberOfRecords: 0 });
    expect(platform.records()).toHaveLength(3);
    expect(platform.calls).not.toContain('abort');
  });

  it('the records of a batch that Platform rejects late are resent', async () => {
    await using space = await createWorkspace({
      'a.yaml': mappingYaml('M', { changed: 'name' }),
      'people.csv': peopleCsv(3),
    });
    await using platform = await startScriptedPlatform();
    const options = { ...space, platform: platform.settings, clock: createSkippingClock() };
    platform.report({ status: 'processing' });
    await using service = await startService(options);
    await service.post('M');
    await service.ended(1);
    platform.report({ status: 'failed' }, { status: 'success' });
    await service.post('M');
    await service.ended(2);
    const { json } = await service.admin('/jobs/2');
    expect(json).toMatchObject({ status: 'Success', numberOfRecords: 3 });
  });

  it('a mapping keeps the state that an administrator gave it, whatever its file says', async () => {
    await using space = await createWorkspace(files);
    {
      await using first = await startService(space);
      await first.admin('/mappings/M/unpublish', '');
    }
    await using second = await startService(space);
    expect((await second.post('M')).text).toContain('is not published');
  });

  it('the requests of a mapping whose file is gone are still reported', async () => {
    await using space = await createWorkspace(files);
    {
      await using first = await startService(space);
      await first.post('M');
      await first.ended(1);
    }
    await rm(join(space.mappingsDir, 'a.yaml'));
    await using second = await startService(space);
    expect((await second.post('M')).httpStatus).toBe(404);
    expect((await second.get('M', 1)).json).toMatchObject({ numRecords: 3, status: 'Success' });
  });

  it('a database of a newer version, or none, stops the start and says what to do', async () => {
    await using space = await createWorkspace(files);
    await (await startService(space)).stop();
    const path = join(space.dataDir, 'campaign', 'campaign.db');
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 99');
    database.close();
    await expect(startService(space)).rejects.toThrow(
      `${path} was written by a newer version of the Campaign service: run that one, or set DATA_DIR to another folder.`,
    );
    await writeFile(path, 'not a database'.repeat(500));
    await expect(startService(space)).rejects.toThrow(
      `${path} is damaged or not a database: restore it from a backup, or move it away to start over.`,
    );
  });
});

describe('a state that an earlier version wrote', () => {
  it('keeps its watermarks, and the progress of interrupted jobs', async () => {
    await using space = await createWorkspace({
      'a.yaml': mappingYaml('M'),
      'b.yaml': mappingYaml('N'),
    });
    await mkdir(join(space.dataDir, 'campaign'), { recursive: true });
    const path = join(space.dataDir, 'campaign', 'campaign.db');
    const [first = ''] = STATE_MIGRATIONS;
    const digests = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
    const watermark = (marker: string | number) =>
      JSON.stringify({ marker, seen: digests.toString('base64') });
    {
      using old = new DatabaseSync(path);
      old.exec(`${first}; PRAGMA user_version = 1`);
      const mapping = old.prepare(
        `INSERT INTO mapping VALUES (?, 'published', 'stopped', NULL, ?)`,
      );
      mapping.run('M', watermark(1_700_000_000_000_000_000));
      mapping.run('N', null);
      const job = old.prepare(
        `INSERT INTO job (mapping_id, status, batch_id, is_whole, next_watermark, started_at) VALUES (?, 'Uploaded', 'b', 1, ?, 1)`,
      );
      job.run('M', watermark('later'));
      job.run('N', 'null');
    }
    const state = createState(path);
    expect(state.watermarks.acceptedOf('M')).toEqual({
      column: null,
      marker: 1_700_000_000_000_000_000,
      since: null,
      seen: [new Uint8Array(digests)],
      had: { tableSize: null, rows: null },
    });
    expect(state.watermarks.acceptedOf('N')).toBeNull();
    for (const id of ['M', 'N']) state.watermarks.accept(id);
    expect(state.watermarks.acceptedOf('M')).toEqual({
      column: null,
      marker: 'later',
      since: null,
      seen: [new Uint8Array(digests)],
      had: { tableSize: null, rows: null },
    });
    expect(state.watermarks.acceptedOf('N')).toBeNull();
    state.close();
  });
});
