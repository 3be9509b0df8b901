import type { Settings } from './settings.js';
import type { Environment } from './sources.js';
import type { TokenConfig } from './upstream.js';

/** Where batches are looked up, and as whom. */
export interface PlatformConfig {
  readonly url: URL;
  readonly apiKey: string;
  /** Such as `…@AdobeOrg`. */
  readonly imsOrg: string;
  readonly sandbox: string;
  readonly token: TokenConfig;
}

/** Platform wants the scopes of a server-to-server integration. */
const SCOPES = [
  'openid',
  'AdobeID',
  'read_organizations',
  'additional_info.projectedProductContext',
];

/** Any of these says that batches are to be looked up; the other settings alone do not. */
const CREDENTIALS = [
  'PLATFORM_API_KEY',
  'PLATFORM_ACCESS_TOKEN',
  'PLATFORM_CLIENT_ID',
  'PLATFORM_CLIENT_SECRET',
] as const;

/** The first setting of Platform that is given: with an embedded upstream, whose Platform is embedded too, in vain. */
export function findPlatformSetting(given: Environment): string | undefined {
  return ['PLATFORM_URL', ...CREDENTIALS].find((name) => given[name]);
}

/**
 * Where batches are looked up; null where no credentials are set.
 *
 * @param given - the variables with the secrets of files read; those which were not understood are in
 *   `faults` already
 */
export function toPlatformConfig(
  read: Partial<Settings>,
  given: Environment,
  faults: string[],
): PlatformConfig | null {
  const isGiven = (name: string) => Boolean(given[name] || given[`${name}_FILE`]);
  const reason = CREDENTIALS.find(isGiven);
  if (reason === undefined) return null;

  const missing = (name: keyof Settings, because: string) => {
    if (!isGiven(name)) faults.push(`${name} is not set: expected because ${because} is set`);
  };
  missing('PLATFORM_API_KEY', reason);
  missing('PLATFORM_IMS_ORG', reason);
  const hasCredentials = isGiven('PLATFORM_CLIENT_ID') || isGiven('PLATFORM_CLIENT_SECRET');
  const hasToken = isGiven('PLATFORM_ACCESS_TOKEN');
  if (hasToken && hasCredentials) {
    faults.push(
      'PLATFORM_ACCESS_TOKEN and PLATFORM_CLIENT_ID or PLATFORM_CLIENT_SECRET are both set: expected one way to get a token',
    );
  } else if (!hasToken) {
    missing('PLATFORM_CLIENT_ID', reason);
    missing('PLATFORM_CLIENT_SECRET', reason);
  }
  const { PLATFORM_URL: url, PLATFORM_ACCESS_TOKEN: accessToken } = read;
  // Not understood, and a fault already.
  if (url === undefined) return null;
  return {
    url: new URL(url),
    apiKey: read.PLATFORM_API_KEY ?? '',
    imsOrg: read.PLATFORM_IMS_ORG ?? '',
    sandbox: read.PLATFORM_SANDBOX ?? '',
    token: accessToken
      ? { kind: 'ready', accessToken }
      : {
          kind: 'clientCredentials',
          imsUrl: read.PLATFORM_IMS_URL ?? '',
          clientId: read.PLATFORM_CLIENT_ID ?? '',
          clientSecret: read.PLATFORM_CLIENT_SECRET ?? '',
          scopes: SCOPES,
        },
  };
}
