import { describe, expect, it } from '@jest/globals';
import { setUpSettings } from './set-up-settings.js';

const { parse, warnings } = setUpSettings();

describe('a warning', () => {
  it('names each unknown variable with one of our prefixes, without its value', () => {
    parse({
      CAMPAIGN_ACESS_TOKEN: 'planted',
      IMS_SECRET: 'planted',
      POLL_MS: '5',
      SLUICE_PORT: '5',
      IMS_CLIENT_ID_FILE: '/x',
    });
    expect(warnings).toEqual(
      ['CAMPAIGN_ACESS_TOKEN', 'IMS_SECRET', 'POLL_MS', 'SLUICE_PORT', 'IMS_CLIENT_ID_FILE'].map(
        (name) => `${name} is not a setting of Sluice and was ignored. See docs/settings.md.`,
      ),
    );
  });

  it('does not concern variables of others, or of the Campaign service', () => {
    parse({ PATH: '/bin', CAMPAIGN_SERVICE_PORT: '1', CAMPAIGN_SERVICE_ANYTHING: 'x', ims: 'x' });
    expect(warnings).toEqual([]);
  });

  it('names a key that nothing uses', () => {
    expect(parse({ CAMPAIGN_API_KEY: 'planted-key' }).upstream.kind).toBe('embedded');
    expect(warnings).toEqual([
      'CAMPAIGN_API_KEY is set but CAMPAIGN_URL is not: the embedded Campaign service is used.',
    ]);
  });

  it('names credentials for a Platform that nothing is uploaded to', () => {
    expect(parse({ PLATFORM_API_KEY: 'planted-key', PLATFORM_SANDBOX: 'dev' }).platform).toBeNull();
    expect(warnings).toEqual([
      'PLATFORM_API_KEY is set but PLATFORM_URL is not: the embedded Campaign service uploads to the local receiver.',
    ]);
  });
});
