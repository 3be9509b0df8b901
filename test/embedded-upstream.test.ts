import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { startEmbeddedUpstream } from '../src/embedded-upstream.js';
import { createWorkspace, mappingYaml } from './campaign/support/running-service.js';
import { silentLogger } from './support/silent-logger.js';

it('the embedded service is another upstream once its state is gone, as its request ids start over', async () => {
  await using space = await createWorkspace({ 'a.yaml': mappingYaml('M') });
  const identify = async () => {
    const options = { faultsFile: null, retentionDays: 90, environment: {}, platform: null };
    const embedded = await startEmbeddedUpstream({ ...space, ...options }, silentLogger);
    await embedded.stop();
    return embedded.upstream.identity;
  };
  const first = await identify();
  expect(first).toMatch(/^the embedded Campaign service \(state [0-9a-f]{12}\)$/);
  expect(await identify()).toBe(first);
  await rm(join(space.dataDir, 'campaign'), { recursive: true });
  expect(await identify()).not.toBe(first);
});
