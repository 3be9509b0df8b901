import type { ReadyToken } from '../datasources/upstream/ims-token.datasource.js';
import type { ClientCredentials } from '../datasources/upstream/ims-token.wire.js';
import { isLoopback } from '../server/admission/loopback.js';
import type { Settings } from './settings.js';
import { type Environment, isGiven } from './sources.js';

/** Where an access token comes from. */
export type TokenConfig = ReadyToken | ClientCredentials;

/** An upstream that is reached over the network. */
export interface RemoteUpstream {
  readonly kind: 'remote';
  /** Describes it to people; the log belongs to it. */
  readonly identity: string;
  readonly url: URL;
  readonly organization: string;
  readonly apiKey: string;
  readonly token: TokenConfig;
  /** The credentials for administering it; null if it has no administration API, or none are configured. */
  readonly administration: TokenConfig | null;
}

/** The Campaign service in this process. */
export interface EmbeddedService {
  readonly kind: 'embedded';
  readonly mappingsDir: string;
  /** The fault plan; null for no faults. */
  readonly faultsFile: string | null;
  /** The variables that mappings may refer to. */
  readonly environment: Environment;
}

/** The upstream, or the embedded service. */
export type UpstreamConfig = EmbeddedService | RemoteUpstream;

/**
 * The upstream of the settings, or the embedded service if they name none.
 *
 * @param given - the variables, including the secrets from files; invalid ones are in `issues` already
 * @param issues - gets one for each setting that is missing or contradicts another
 */
export function toUpstreamConfig(
  read: Partial<Settings>,
  given: Environment,
  issues: string[],
): UpstreamConfig {
  const embedded: EmbeddedService = {
    kind: 'embedded',
    mappingsDir: read.CAMPAIGN_SERVICE_MAPPINGS_DIR ?? '',
    faultsFile: read.CAMPAIGN_SERVICE_FAULTS ?? null,
    environment: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== '')),
  };
  if (!given.CAMPAIGN_URL) {
    checkEmbedded(embedded, read, given, issues);
    return embedded;
  }

  const missing = (name: keyof Settings, reason: string) => {
    if (!isGiven(name, given)) issues.push(`${name} is not set: expected because ${reason}`);
  };
  missing('CAMPAIGN_ORGANIZATION', 'CAMPAIGN_URL is set');
  missing('CAMPAIGN_API_KEY', 'CAMPAIGN_URL is set');
  const hasCredentials = isGiven('IMS_CLIENT_ID', given) || isGiven('IMS_CLIENT_SECRET', given);
  const hasToken = isGiven('CAMPAIGN_ACCESS_TOKEN', given);
  if (hasToken && hasCredentials) {
    issues.push(
      'CAMPAIGN_ACCESS_TOKEN and IMS_CLIENT_ID or IMS_CLIENT_SECRET are both set: expected one way to get a token',
    );
  } else if (!hasToken && !hasCredentials) {
    issues.push(
      'CAMPAIGN_ACCESS_TOKEN is not set: expected because CAMPAIGN_URL is set (or IMS_CLIENT_ID and IMS_CLIENT_SECRET instead)',
    );
  } else if (hasCredentials) {
    missing('IMS_CLIENT_ID', 'IMS_CLIENT_SECRET is set');
    missing('IMS_CLIENT_SECRET', 'IMS_CLIENT_ID is set');
  }

  if (
    isGiven('CAMPAIGN_ADMIN_CLIENT_ID', given) ||
    isGiven('CAMPAIGN_ADMIN_CLIENT_SECRET', given)
  ) {
    missing('CAMPAIGN_ADMIN_CLIENT_ID', 'CAMPAIGN_ADMIN_CLIENT_SECRET is set');
    missing('CAMPAIGN_ADMIN_CLIENT_SECRET', 'CAMPAIGN_ADMIN_CLIENT_ID is set');
  }

  const token: TokenConfig = read.CAMPAIGN_ACCESS_TOKEN
    ? { kind: 'ready', accessToken: read.CAMPAIGN_ACCESS_TOKEN }
    : {
        kind: 'clientCredentials',
        imsUrl: read.IMS_URL ?? '',
        clientId: read.IMS_CLIENT_ID ?? '',
        clientSecret: read.IMS_CLIENT_SECRET ?? '',
        scopes: read.IMS_SCOPES ?? [],
      };
  // Invalid, and already an issue.
  if (!read.CAMPAIGN_URL) return embedded;
  return {
    kind: 'remote',
    identity: `${read.CAMPAIGN_ORGANIZATION} at ${read.CAMPAIGN_URL}`,
    url: new URL(read.CAMPAIGN_URL),
    organization: read.CAMPAIGN_ORGANIZATION ?? '',
    apiKey: read.CAMPAIGN_API_KEY ?? '',
    token,
    administration: read.CAMPAIGN_ADMIN_CLIENT_ID
      ? {
          kind: 'clientCredentials',
          imsUrl: read.IMS_URL ?? '',
          clientId: read.CAMPAIGN_ADMIN_CLIENT_ID,
          clientSecret: read.CAMPAIGN_ADMIN_CLIENT_SECRET ?? '',
          scopes: ['openid'],
        }
      : null,
  };
}

function checkEmbedded(
  { faultsFile }: EmbeddedService,
  { HOST: host }: Partial<Settings>,
  given: Environment,
  issues: string[],
): void {
  if (faultsFile !== null && host !== undefined && !isLoopback(host)) {
    issues.push(
      `CAMPAIGN_SERVICE_FAULTS=${faultsFile}: expected not to be set if HOST is not a loopback address, because it is for tests`,
    );
  }
  // The scheduler runs one of the samples, and invented people must not get to a real Platform unless somebody asks
  // for it.
  if (given.PLATFORM_URL && !given.CAMPAIGN_SERVICE_MAPPINGS_DIR) {
    issues.push(
      'CAMPAIGN_SERVICE_MAPPINGS_DIR is not set: expected because PLATFORM_URL is set, and the sample mappings are for the local receiver',
    );
  }
}
