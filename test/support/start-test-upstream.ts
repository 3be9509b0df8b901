import { startRealCampaign } from './real-campaign.js';
import { startScriptedCampaign } from './scripted-campaign.js';
import type { TestUpstream } from './test-upstream.js';

/** Set by `jest.config.js`: the kind of upstream in front of which whole gateways are tested. */
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
