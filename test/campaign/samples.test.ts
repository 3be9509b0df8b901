import { describe, expect, it } from '@jest/globals';
import { SHIPPED_DATASETS_DIR } from '../../src/platform/platform-config.js';
import { createHurriedClock } from './support/driven-clock.js';
import { createWorkspace, readBatches, startService } from './support/running-service.js';

const SAMPLES = 'mappings';

describe('the shipped mappings', () => {
  it('work, each as documented', async () => {
    await using space = await createWorkspace();
    await using service = await startService({
      ...space,
      mappingsDir: SAMPLES,
      datasetsDir: SHIPPED_DATASETS_DIR,
      clock: createHurriedClock(40),
    });

    async function run(mappingId: string, requestId: number) {
      expect((await service.post(mappingId)).json).toMatchObject({ requestId, status: 'Success' });
      await service.ended(requestId);
      return service.get(mappingId, requestId);
    }

    const profiles = await run('crm-profiles', 1);
    expect(profiles.json).toMatchObject({ status: 'Success', numRecords: 2_000 });
    expect(JSON.stringify(await readBatches(space.dataDir))).toContain('"Łucja"');

    const orders = await run('web-orders', 2);
    expect(orders.json).toMatchObject({ status: 'Success', numRecords: 600 });
    // Nothing has changed since.
    const again = await run('web-orders', 3);
    expect(again.json).toMatchObject({ status: 'Success', numRecords: 0 });

    expect((await run('crm-profiles-no-source', 4)).json).toMatchObject({
      status: 'Failed',
      batchId: '',
      info: expect.stringContaining('ACP-880056'),
    });
    expect((await run('crm-profiles-refused', 5)).json).toMatchObject({
      status: 'Failed',
      batchId: expect.stringMatching(/^[0-9A-Z]{26}$/),
      info: expect.stringContaining('ACP-880096'),
    });
    expect((await service.post('crm-profiles-not-stopped')).text).toContain('is not stopped');
    expect((await service.post('crm-profiles-not-published')).text).toContain('is not published');
  });
});
