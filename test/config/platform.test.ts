import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { remote, setUpSettings } from './set-up-settings.js';

const { directory, issuesOf, parse, warnings } = setUpSettings();

describe('the settings of Platform', () => {
  const platform = {
    ...remote,
    PLATFORM_API_KEY: 'planted-key',
    PLATFORM_IMS_ORG: 'sluice@AdobeOrg',
    PLATFORM_CLIENT_ID: 'client',
    PLATFORM_CLIENT_SECRET: 'planted-secret',
  };

  it('are off without credentials', () => {
    expect(parse({ ...remote, PLATFORM_URL: 'https://platform.adobe.io' }).platform).toBeNull();
    expect(warnings).toEqual([]);
  });

  it('have defaults, except for credentials and organization', () => {
    expect(parse(platform).platform).toMatchObject({
      url: new URL('https://platform.adobe.io'),
      apiKey: 'planted-key',
      imsOrg: 'sluice@AdobeOrg',
      sandbox: 'prod',
      token: {
        kind: 'clientCredentials',
        imsUrl: 'https://ims-na1.adobelogin.com',
        clientId: 'client',
        clientSecret: 'planted-secret',
      },
    });
  });

  const because = 'expected because PLATFORM_API_KEY is set';
  it.each([
    ['PLATFORM_IMS_ORG', '', `PLATFORM_IMS_ORG is not set: ${because}`],
    ['PLATFORM_CLIENT_ID', '', `PLATFORM_CLIENT_ID is not set: ${because}`],
    ['PLATFORM_CLIENT_SECRET', '', `PLATFORM_CLIENT_SECRET is not set: ${because}`],
    [
      'PLATFORM_API_KEY',
      'planted key',
      'PLATFORM_API_KEY=***: expected visible ASCII characters without blanks',
    ],
    [
      'PLATFORM_ACCESS_TOKEN',
      'token',
      'PLATFORM_ACCESS_TOKEN and PLATFORM_CLIENT_ID or PLATFORM_CLIENT_SECRET are both set: expected one way to get a token',
    ],
    [
      'PLATFORM_URL',
      'platform',
      'PLATFORM_URL=platform: expected an http or https URL without credentials, query or fragment',
    ],
  ])('are refused with %s=%s', (name, value, fault) => {
    expect(issuesOf({ ...platform, [name]: value })).toEqual([fault]);
  });
});

describe('the settings of the Platform that the embedded service uploads to', () => {
  const platform = {
    CAMPAIGN_SERVICE_MAPPINGS_DIR: '/mappings',
    PLATFORM_URL: 'https://platform.example',
    PLATFORM_API_KEY: 'planted-key',
    PLATFORM_IMS_ORG: 'acme@AdobeOrg',
    PLATFORM_ACCESS_TOKEN: 'planted-token',
  };

  it('are the ones that batches are looked up with', () => {
    expect(parse(platform)).toMatchObject({
      upstream: { kind: 'embedded', mappingsDir: '/mappings' },
      platform: {
        url: new URL('https://platform.example'),
        apiKey: 'planted-key',
        imsOrg: 'acme@AdobeOrg',
        sandbox: 'prod',
        token: { kind: 'ready', accessToken: 'planted-token' },
      },
    });
    expect(warnings).toEqual([]);
  });

  it('may come from files', () => {
    const keyFile = join(directory(), 'key');
    writeFileSync(keyFile, 'planted-key\n');
    const { PLATFORM_API_KEY: _, ...others } = platform;
    expect(parse({ ...others, PLATFORM_API_KEY_FILE: keyFile }).platform?.apiKey).toBe(
      'planted-key',
    );
  });

  const because = 'expected because PLATFORM_URL is set';
  it.each([
    [
      'CAMPAIGN_SERVICE_MAPPINGS_DIR',
      '',
      [
        `CAMPAIGN_SERVICE_MAPPINGS_DIR is not set: ${because}, and the sample mappings are for the local receiver`,
      ],
    ],
    ['PLATFORM_API_KEY', '', [`PLATFORM_API_KEY is not set: ${because}`]],
    ['PLATFORM_IMS_ORG', '', [`PLATFORM_IMS_ORG is not set: ${because}`]],
    [
      'PLATFORM_ACCESS_TOKEN',
      '',
      ['PLATFORM_CLIENT_ID', 'PLATFORM_CLIENT_SECRET'].map(
        (name) => `${name} is not set: ${because} (or PLATFORM_ACCESS_TOKEN instead)`,
      ),
    ],
    [
      'PLATFORM_CLIENT_ID',
      'client',
      [
        'PLATFORM_ACCESS_TOKEN and PLATFORM_CLIENT_ID or PLATFORM_CLIENT_SECRET are both set: expected one way to get a token',
      ],
    ],
    [
      'PLATFORM_URL',
      'platform',
      [
        'PLATFORM_URL=platform: expected an http or https URL without credentials, query or fragment',
      ],
    ],
  ])('are refused with %s=%s', (name, value, faults) => {
    expect(issuesOf({ ...platform, [name]: value })).toEqual(faults);
  });
});
