import { describe, expect, it } from '@jest/globals';
import { remote, setUpSettings } from './set-up-settings.js';

const { issuesOf, parse } = setUpSettings();

describe('injected faults', () => {
  const faulty = { CAMPAIGN_SERVICE_FAULTS: 'faults.yaml' };

  it('require the embedded service, on a loopback address', () => {
    expect(parse({ ...faulty, HOST: '::1' }).upstream).toMatchObject({ faultsFile: 'faults.yaml' });
    expect(parse({ ...faulty, ...remote, HOST: '::1' }).upstream).not.toHaveProperty('faultsFile');
  });

  it('are rejected if others can reach the gateway', () => {
    expect(issuesOf({ ...faulty, HOST: '0.0.0.0', ALLOW_ANONYMOUS: 'true' })).toEqual([
      'CAMPAIGN_SERVICE_FAULTS=faults.yaml: expected not to be set if HOST is not a loopback address, because it is for tests',
    ]);
  });
});
