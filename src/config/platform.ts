import type { Settings } from './settings.js';
import { type Environment, isGiven } from './sources.js';
import type { TokenConfig } from './upstream.js';

/** Where batches are looked up, and with which identity. */
export interface PlatformConfig {
  readonly url: URL;
  readonly apiKey: string;
  /** Such as `…@AdobeOrg`. */
  readonly imsOrg: string;
  readonly sandbox: string;
  readonly token: TokenConfig;
}

/** Platform requires the scopes of a server-to-server integration. */
const SCOPES = [
  'openid',
  'AdobeID',
  'read_organizations',
  'additional_info.projectedProductContext',
];

const CREDENTIALS = [
  'PLATFORM_API_KEY',
  'PLATFORM_ACCESS_TOKEN',
  'PLATFORM_CLIENT_ID',
  'PLATFORM_CLIENT_SECRET',
] as const;

/** A credential without effect, because the embedded service uploads to the local receiver. */
export function findIdleCredential(given: Environment): string | undefined {
  if (given.CAMPAIGN_URL || given.PLATFORM_URL) return undefined;
  return CREDENTIALS.find((name) => isGiven(name, given));
}

/**
 * Where batches are looked up, and where the embedded service uploads them; null if no Platform is configured. With
 * the embedded service, `PLATFORM_URL` configures one, as for the service alone. With any other upstream a credential
 * does, because the URL has a default.
 *
 * @param given - the variables, including the secrets from files; invalid ones are in `issues` already
 */
export function toPlatformConfig(
  read: Partial<Settings>,
  given: Environment,
  issues: string[],
): PlatformConfig | null {
  const deciding = given.CAMPAIGN_URL ? CREDENTIALS : (['PLATFORM_URL'] as const);
  const reason = deciding.find((name) => isGiven(name, given));
  if (reason === undefined) return null;

  const missing = (name: keyof Settings, alternative = '') => {
    if (isGiven(name, given)) return;
    issues.push(`${name} is not set: expected because ${reason} is set${alternative}`);
  };
  missing('PLATFORM_API_KEY');
  missing('PLATFORM_IMS_ORG');
  const hasCredentials =
    isGiven('PLATFORM_CLIENT_ID', given) || isGiven('PLATFORM_CLIENT_SECRET', given);
  const hasToken = isGiven('PLATFORM_ACCESS_TOKEN', given);
  if (hasToken && hasCredentials) {
    issues.push(
      'PLATFORM_ACCESS_TOKEN and PLATFORM_CLIENT_ID or PLATFORM_CLIENT_SECRET are both set: expected one way to get a token',
    );
  } else if (!hasToken) {
    const alternative = hasCredentials ? '' : ' (or PLATFORM_ACCESS_TOKEN instead)';
    missing('PLATFORM_CLIENT_ID', alternative);
    missing('PLATFORM_CLIENT_SECRET', alternative);
  }
  const { PLATFORM_URL: url, PLATFORM_ACCESS_TOKEN: accessToken } = read;
  // Invalid, and already an issue.
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
