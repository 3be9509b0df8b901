import { startRealCampaign } from './real-campaign.js';
import { startScriptedCampaign } from './scripted-campaign.js';
import type { TestUpstream } from './test-upstream.js';

/** Said by `jest.config.js`: which upstream the tests of whole gateways run in front of. */
declare global {
  var upstreamKind: 'scripted' | 'campaign' | undefined;
}

/**
 * Start the upstream of this run, on a port of its own.
 *
 * @param mappingIds - those that may be triggered
 */
export function startTestUpstream(
  mappingIds: readonly string[] = ['XDM44', 'TestDoc'],
): Promise<TestUpstream> {
  return globalThis.upstreamKind === 'campaign'
    ? startRealCampaign(mappingIds)
    : startScriptedCampaign(mappingIds);
}
