import type { Audience } from '../server/admission/audience.js';
import { isLoopback, isLoopbackHost } from '../server/admission/loopback.js';
import type { SignInConfig } from '../server/sign-in/sign-in.js';
import { readApiKeys } from './api-keys.js';
import type { Settings } from './settings.js';

/**
 * How callers may sign in, or null if everybody is the anonymous caller.
 *
 * @param issues - gets one for each setting that is missing or contradicts another, and for each invalid API key
 */
export function toSignInConfig(read: Partial<Settings>, issues: string[]): SignInConfig | null {
  const accessTokens = toTokenConfig(read, issues);
  const isConfigured = accessTokens !== null || read.API_KEYS_FILE !== undefined;
  if (isConfigured && read.ALLOW_ANONYMOUS) {
    const name = accessTokens ? 'AUTH_JWKS_URL' : 'API_KEYS_FILE';
    issues.push(`ALLOW_ANONYMOUS=true and ${name} are both set: expected one of them`);
  }
  if (isConfigured) {
    const { API_KEYS_FILE: apiKeysFile } = read;
    if (apiKeysFile === undefined) return { accessTokens, apiKeys: [] };
    return { accessTokens, apiKeys: readApiKeys(apiKeysFile, issues), apiKeysFile };
  }
  if (read.ALLOW_ANONYMOUS) return null;
  const { HOST: host, CORS_ORIGINS: corsOrigins = [] } = read;
  if (host !== undefined && !isLoopback(host)) {
    issues.push(
      `HOST=${host}: expected a loopback address such as 127.0.0.1, because no sign-in is configured. ${SAY_WHO_MAY_CALL}`,
    );
  }
  if (!corsOrigins.every((origin) => isLoopbackHost(new URL(origin).host))) {
    issues.push(
      `CORS_ORIGINS=${corsOrigins.join(',')}: expected sites of this machine only, such as http://localhost:5173, because no sign-in is configured. ${SAY_WHO_MAY_CALL}`,
    );
  }
  return null;
}

/** The console, as a client of an OpenID provider: people sign in to it there. */
export interface OpenIdClient {
  /** Where the provider is, without a slash at its end. */
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
}

/** With a refresh token, people stay signed in for as long as the provider lets them. */
const USUAL_SCOPE = 'openid offline_access';

/**
 * The console's OpenID client; null where people paste a key or a token.
 *
 * @param issues - gets one for each setting that is missing
 */
export function toOpenIdClient(read: Partial<Settings>, issues: string[]): OpenIdClient | null {
  const {
    CONSOLE_OIDC_ISSUER: issuer,
    CONSOLE_OIDC_CLIENT_ID: clientId,
    CONSOLE_OIDC_SCOPE: scope,
  } = read;
  if (issuer === undefined) {
    for (const name of ['CONSOLE_OIDC_CLIENT_ID', 'CONSOLE_OIDC_SCOPE'] as const) {
      if (read[name] !== undefined)
        issues.push(`CONSOLE_OIDC_ISSUER is not set: expected because ${name} is set`);
    }
    return null;
  }
  if (clientId === undefined) {
    issues.push(
      'CONSOLE_OIDC_CLIENT_ID is not set: expected because CONSOLE_OIDC_ISSUER is set. Register the console with the provider as a public client, and set the id that it gets there',
    );
  }
  if (read.AUTH_JWKS_URL === undefined) {
    issues.push(
      'AUTH_JWKS_URL is not set: expected because CONSOLE_OIDC_ISSUER is set. Sluice checks the provider’s tokens with AUTH_JWKS_URL, AUTH_ISSUER and AUTH_AUDIENCE',
    );
  }
  return { issuer, clientId: clientId ?? '', scope: scope ?? USUAL_SCOPE };
}

const SAY_WHO_MAY_CALL =
  'Say who may call with AUTH_JWKS_URL or API_KEYS_FILE; or set ALLOW_ANONYMOUS=true to let everybody who reaches this address start ingestions and read everything';

/** Who may call, depending on sign-in. */
export function toAudience(
  { ALLOW_ANONYMOUS: isOpen }: Pick<Settings, 'ALLOW_ANONYMOUS'>,
  signIn: SignInConfig | null,
): Audience {
  if (signIn) return 'callers';
  return isOpen ? 'everybody' : 'thisMachine';
}

function toTokenConfig(read: Partial<Settings>, issues: string[]): SignInConfig['accessTokens'] {
  const { AUTH_JWKS_URL: url, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audiences } = read;
  if (url === undefined) {
    for (const name of ['AUTH_ISSUER', 'AUTH_AUDIENCE', 'AUTH_MAPPINGS_CLAIM'] as const) {
      if (read[name] !== undefined)
        issues.push(`AUTH_JWKS_URL is not set: expected because ${name} is set`);
    }
    return null;
  }
  if (issuer === undefined)
    issues.push('AUTH_ISSUER is not set: expected because AUTH_JWKS_URL is set');
  if (audiences === undefined)
    issues.push('AUTH_AUDIENCE is not set: expected because AUTH_JWKS_URL is set');
  return {
    jwksUrl: new URL(url),
    issuer: issuer ?? '',
    audiences: audiences ?? [],
    algorithms: read.AUTH_ALGORITHMS ?? [],
    nameClaim: read.AUTH_NAME_CLAIM ?? '',
    mappingsClaim: read.AUTH_MAPPINGS_CLAIM ?? null,
    clockToleranceMs: read.AUTH_CLOCK_TOLERANCE_MS ?? 0,
  };
}
