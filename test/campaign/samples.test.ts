import { describe, expect, it } from '@jest/globals';
import { createSkippingClock } from './support/driven-clock.js';
import { createWorkspace, readBatches, startService } from './support/running-service.js';

const SAMPLES = 'mappings';

describe('the shipped mappings', () => {
  it('work, each in the way it is for', async () => {
    await using space = await createWorkspace();
    const clock = createSkippingClock();
    await using service = await startService({ ...space, mappingsDir: SAMPLES, clock });

    async function run(mappingId: string, requestId: number) {
      const startedAt = clock.now();
      expect((await service.post(mappingId)).json).toMatchObject({ requestId, status: 'Success' });
      await service.ended(requestId);
      const { json } = await service.get(mappingId, requestId);
      return { json, tookS: (clock.now() - startedAt) / 1_000 };
    }

    const profiles = await run('crm-profiles', 1);
    expect(profiles.json).toMatchObject({ status: 'Success', numRecords: 2_000 });
    expect(profiles.tookS).toBeCloseTo(20, 0);
    expect(Object.values(await readBatches(space.dataDir)).join('')).toContain('"Łucja"');

    const orders = await run('web-orders', 2);
    expect(orders.json).toMatchObject({ status: 'Success', numRecords: 600 });

    expect((await run('crm-profiles-no-source', 3)).json).toMatchObject({
      status: 'Failed',
      batchId: '',
      info: expect.stringContaining('ACP-880056'),
    });
    expect((await run('crm-profiles-target-taken', 4)).json).toMatchObject({
      status: 'Failed',
      batchId: expect.stringMatching(/^[0-9a-f]{32}$/),
      info: expect.stringContaining('ACP-880096'),
    });
    expect((await service.post('crm-profiles-not-stopped')).text).toContain('is not stopped');
    expect((await service.post('crm-profiles-not-published')).text).toContain('is not published');
  });
});
