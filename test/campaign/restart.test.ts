import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createDrivenClock } from './support/driven-clock.js';
import {
  createWorkspace,
  mappingYaml,
  peopleCsv,
  readBatches,
  startService,
} from './support/running-service.js';

const files = {
  'a.yaml': mappingYaml('M'),
  'slow.yaml': mappingYaml('slow', { recordsPerSecond: 1 }),
  'people.csv': peopleCsv(3),
};

const aborted = (requestId: number) => ({
  batchId: '',
  info: 'Mapping Id: slow. Ingestion request aborted due to some issue with data ingestion service. Please submit a new request',
  numRecords: 0,
  requestId,
  status: 'Aborted',
});

describe('over a restart', () => {
  it('ids go on rising, and ends are remembered', async () => {
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

  it('a run that the stop cut off is Aborted, and leaves no half-written file', async () => {
    await using space = await createWorkspace(files);
    const clock = createDrivenClock();
    const first = await startService({ ...space, clock });
    await first.post('slow');
    await clock.waitedFor();
    await first.stop();
    expect(await readBatches(space.dataDir)).toEqual({});

    await using second = await startService(space);
    expect((await second.get('slow', 1)).json).toEqual(aborted(1));
  });

  it('a run that a crash cut off is Aborted, and a torn last line is not mistaken for anything', async () => {
    await using space = await createWorkspace(files);
    const journal = join(space.dataDir, 'campaign', 'requests.ndjson');
    await mkdir(join(space.dataDir, 'campaign'), { recursive: true });
    // What a killed process leaves: a start without an end, and half of another start.
    await writeFile(journal, '{"kind":"submitted","requestId":7,"mappingId":"slow"}\n');
    await appendFile(journal, '{"kind":"submitted","reque');

    await using service = await startService(space);
    expect((await service.get('slow', 7)).json).toEqual(aborted(7));
    expect((await service.post('M')).json).toMatchObject({ requestId: 8 });
    const lines = (await readFile(journal, 'utf8')).trimEnd().split('\n');
    expect(() => lines.map((line) => JSON.parse(line))).not.toThrow();
  });

  it('a journal that something else wrote stops the start, with its line', async () => {
    await using space = await createWorkspace(files);
    const journal = join(space.dataDir, 'campaign', 'requests.ndjson');
    await mkdir(join(space.dataDir, 'campaign'), { recursive: true });
    await writeFile(journal, '{"kind":"submitted","requestId":1,"mappingId":"M"}\n3520\n');
    await expect(startService(space)).rejects.toThrow(
      `${journal}:2: not an entry of a request journal`,
    );
  });
});
