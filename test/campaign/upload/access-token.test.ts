import { describe, expect, it } from '@jest/globals';
import { createPlatformClient } from '../../../src/campaign/upload/platform-client.js';
import { createSkippingClock } from '../support/driven-clock.js';
import { createRunHarness } from '../support/run-harness.js';

describe('an upload', () => {
  it('fetches one token for all calls, and renews it before it expires', async () => {
    const clock = createSkippingClock();
    await using harness = await createRunHarness({ clock });
    const { signal } = new AbortController();
    const tokens = () => harness.platform.calls.filter((call) => call === 'token').length;
    await Promise.all([1, 2, 3].map(() => harness.client.createBatch({ datasetId: 'd' }, signal)));
    expect(tokens()).toBe(1);
    // It is good for an hour.
    await clock.wait(58 * 60_000, signal);
    await harness.client.createBatch({ datasetId: 'd' }, signal);
    expect(tokens()).toBe(1);
    await clock.wait(90_000, signal);
    await harness.client.createBatch({ datasetId: 'd' }, signal);
    expect(tokens()).toBe(2);
    expect(harness.platform.headersOf.get('create')?.authorization).toBe('Bearer token-2');
  });

  it('replaces at most ten rejected tokens in five minutes', async () => {
    const clock = createSkippingClock();
    await using harness = await createRunHarness({ clock });
    const { client, platform } = harness;
    const { signal } = new AbortController();
    const tokens = () => platform.calls.filter((call) => call === 'token').length;
    platform.fail('read', ...Array(24).fill({ status: 401 }));
    for (let count = 0; count < 12; count += 1) {
      await expect(client.readBatch('b', signal)).rejects.toThrow('401');
    }
    expect(tokens()).toBe(11);
    await clock.wait(300_000, signal);
    await expect(client.readBatch('b', signal)).rejects.toThrow('401');
    expect(tokens()).toBe(12);
  });

  it.each(['403000', '403003', '403010', '403023'])(
    'keeps its token where a 401 says %s',
    async (error_code) => {
      await using harness = await createRunHarness();
      const { client, platform } = harness;
      platform.fail('read', { status: 401, body: JSON.stringify({ error_code }) });
      const read = client.readBatch('b', new AbortController().signal);
      await expect(read).rejects.toThrow(error_code);
      expect(platform.calls).toEqual(['token', 'read']);
    },
  );

  it('uses a given token, and has no other when it is rejected', async () => {
    await using harness = await createRunHarness();
    const { settings, fail, headersOf } = harness.platform;
    const token = { kind: 'fixed', accessToken: 'ready' } as const;
    const client = createPlatformClient({ ...settings, token }, createSkippingClock());
    const { signal } = new AbortController();
    await client.createBatch({ datasetId: 'd' }, signal);
    expect(headersOf.get('create')?.authorization).toBe('Bearer ready');
    fail('create', { status: 401 });
    await expect(client.createBatch({ datasetId: 'd' }, signal)).rejects.toThrow(
      'was answered with 401',
    );
    await client.close();
  });
});
