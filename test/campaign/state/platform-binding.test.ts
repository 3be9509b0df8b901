import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createState } from '../../../src/campaign/state/state.js';
import { StateUnusableError } from '../../../src/campaign/state/state-database.js';
import {
  createWorkspace,
  mappingYaml,
  peopleCsv,
  startService,
} from '../support/running-service.js';

const real = { url: 'https://platform.adobe.io', imsOrg: 'acme@AdobeOrg', sandbox: 'prod' };
const local = { url: 'http://127.0.0.1:4020', imsOrg: 'sluice@AdobeOrg', sandbox: 'prod' };

/** Bind a state to one Platform, send something or nothing, and open it anew with another. */
async function bindBoth(first: typeof real, second: typeof real, isSending = true): Promise<void> {
  await using space = await createWorkspace();
  for (const [index, platform] of [first, second].entries()) {
    const state = createState(join(space.mappingsDir, 'campaign.db'));
    try {
      state.bindTo(platform);
      if (isSending && index === 0) {
        state.mappings.introduce('M', { publication: 'published', execution: 'stopped' });
        state.jobs.noteBatch(state.jobs.create('M', 1), 'a-batch');
      }
    } finally {
      state.close();
    }
  }
}

describe('a state', () => {
  it.each([
    ['the same one', real, real],
    ['another receiver of this machine', local, { ...local, url: 'http://[::1]:9', imsOrg: 'b' }],
  ])('stays with its Platform: %s', async (_what, first, second) => {
    await expect(bindBoth(first, second)).resolves.toBeUndefined();
  });

  it.each([
    ['the real one, after the receiver', local, real],
    ['the receiver, after the real one', real, local],
    ['another sandbox', real, { ...real, sandbox: 'dev' }],
    ['another organization', real, { ...real, imsOrg: 'other@AdobeOrg' }],
    ['another host', real, { ...real, url: 'https://platform.example' }],
  ])('is of no other Platform: %s', async (_what, first, second) => {
    await expect(bindBoth(first, second)).rejects.toThrow(StateUnusableError);
  });
});

it('a state that has sent nothing accepts another Platform, so that a slip in the settings does no harm', async () => {
  await expect(bindBoth(local, real, false)).resolves.toBeUndefined();
});

describe('a service', () => {
  it('does not start with another Platform, and says what to do', async () => {
    await using space = await createWorkspace({
      'm.yaml': mappingYaml('M'),
      'people.csv': peopleCsv(1),
    });
    {
      await using first = await startService(space);
      await first.post('M');
      await first.ended(1);
    }
    const platform = { ...real, apiKey: 'k', token: { kind: 'fixed', accessToken: 't' } } as const;
    await expect(startService({ ...space, platform })).rejects.toThrow(
      `${join(space.dataDir, 'campaign', 'campaign.db')} records what was sent to the receiver of this machine, but batches now go to the sandbox prod of acme@AdobeOrg at platform.adobe.io, which does not have it: set DATA_DIR to another folder, or restore the PLATFORM_ settings.`,
    );
    await (await startService(space)).stop();
  });
});
