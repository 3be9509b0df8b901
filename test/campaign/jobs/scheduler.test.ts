import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createDrivenClock, createHurriedClock } from '../support/driven-clock.js';
import {
  createWorkspace,
  mappingYaml,
  NO_PLATFORM,
  peopleCsv,
  startService,
} from '../support/running-service.js';
import { startScriptedPlatform } from '../support/scripted-platform.js';

const FIRST_RUN_AT = new Date(1_000_000).toISOString();
const GONE = { kind: 'csv', path: 'gone.csv' };

describe('the scheduler', () => {
  const QUARTER_MS = 15 * 60_000;

  it('runs a started mapping immediately, and then every 15 minutes', async () => {
    await using space = await createWorkspace({
      'm.yaml': mappingYaml('M', { execution: 'started', source: GONE }),
    });
    const clock = createDrivenClock();
    await using service = await startService({ ...space, platform: NO_PLATFORM, clock });
    await service.jobEnded(1);
    const mapping = (await service.admin('/mappings/M')).json;
    expect(mapping).toMatchObject({ nextRunAt: new Date(1_000_000 + QUARTER_MS).toISOString() });
    clock.advance(QUARTER_MS - 1);
    expect((await service.admin('/jobs')).json).toMatchObject({ jobs: [{ id: 1 }] });
    const second = service.jobEnded(2);
    clock.advance(1);
    await second;
    expect((await service.admin('/jobs')).json).toMatchObject({
      jobs: [
        { id: 2, requestId: null, startTime: new Date(1_000_000 + QUARTER_MS).toISOString() },
        { id: 1, requestId: null, startTime: FIRST_RUN_AT },
      ],
    });
  });

  it('runs a mapping at its own interval, and never twice at a time', async () => {
    await using space = await createWorkspace({
      'm.yaml': mappingYaml('M', { execution: 'started', every: '10s', recordsPerSecond: 0.05 }),
      'people.csv': peopleCsv(2),
    });
    const clock = createDrivenClock();
    await using service = await startService({ ...space, clock });
    await clock.waitedFor();
    clock.advance(10_000);
    await service.admin('/mappings');
    const { json } = await service.admin('/jobs');
    expect(json).toMatchObject({ jobs: [{ id: 1, status: 'Created' }] });
    expect((await service.admin('/mappings/M')).json).toMatchObject({
      nextRunAt: new Date(1_020_000).toISOString(),
    });
  });

  it('retries soon after a temporary failure', async () => {
    await using space = await createWorkspace({
      'm.yaml': mappingYaml('M', { execution: 'started' }),
      'people.csv': peopleCsv(2),
    });
    await using platform = await startScriptedPlatform();
    // As often as the first job tries.
    platform.fail('create', ...Array(6).fill({ status: 503 }));
    const clock = createHurriedClock(60);
    await using service = await startService({ ...space, clock, platform: platform.settings });
    await service.jobEnded(2);
    const { json } = await service.admin('/jobs');
    const [second, first] = (json as { jobs: Record<string, string>[] }).jobs;
    expect([first?.status, second?.status]).toEqual(['Failed', 'Success']);
    const waitedMs = Date.parse(second?.startTime ?? '') - Date.parse(first?.endTime ?? '');
    expect(waitedMs).toBeGreaterThanOrEqual(60_000);
    expect(waitedMs).toBeLessThan(QUARTER_MS / 2);
  });

  it('follows an interval that was shortened', async () => {
    const yaml = (every: string) => mappingYaml('M', { execution: 'started', source: GONE, every });
    await using space = await createWorkspace({ 'm.yaml': yaml('7d') });
    {
      await using first = await startService({
        ...space,
        platform: NO_PLATFORM,
        clock: createDrivenClock(),
      });
      await first.jobEnded(1);
    }
    await writeFile(join(space.mappingsDir, 'm.yaml'), yaml('10s'));
    await using second = await startService({
      ...space,
      platform: NO_PLATFORM,
      clock: createDrivenClock(),
    });
    expect((await second.admin('/mappings/M')).json).toMatchObject({
      nextRunAt: new Date(1_010_000).toISOString(),
      lastJob: { id: 1 },
    });
  });

  it('runs once for everything that came due while the service was down', async () => {
    await using space = await createWorkspace({
      'm.yaml': mappingYaml('M', { execution: 'started', source: GONE }),
    });
    {
      await using first = await startService({
        ...space,
        platform: NO_PLATFORM,
        clock: createDrivenClock(),
      });
      await first.jobEnded(1);
    }
    const clock = createDrivenClock(1_000_000 + 10 * QUARTER_MS);
    await using second = await startService({ ...space, platform: NO_PLATFORM, clock });
    await second.jobEnded(2);
    expect((await second.admin('/mappings/M')).json).toMatchObject({
      nextRunAt: new Date(1_000_000 + 11 * QUARTER_MS).toISOString(),
      lastJob: { id: 2 },
    });
  });
});
