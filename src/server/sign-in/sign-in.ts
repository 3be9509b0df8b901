import type { Logger } from 'pino';
import type { OutgoingProxies } from '../../datasources/upstream/outgoing-proxy.js';
import { anonymous, type Caller } from '../../ingestion/caller.js';
import { UnauthenticatedError } from '../../ingestion/gateway-error.js';
import type { Clock } from '../../ingestion/ports.js';
import { createAccessTokens, type TokenRules } from './access-tokens.js';
import { API_KEY_PREFIX, type ApiKey, createApiKeys } from './api-keys.js';
import { createIssuerKeys } from './issuer-keys.js';

/** Longer than any token that fits into an HTTP header. */
const MAX_CREDENTIALS_LENGTH = 16 * 1024;

/** Identifies callers. */
export interface SignIn {
  /** The caller, if that needs no check that takes time, or is counted; null otherwise, whoever it is. */
  recall(authorization: string | undefined): Caller | null;
  /**
   * @param authorization - as in the HTTP header of that name; undefined if there is none
   * @param addressKey - where the request comes from, as limits count it
   * @throws {UnauthenticatedError} the credentials are missing, expired or not valid
   * @throws {RateLimitedError} the same, after too many failures
   * @throws {SignInUnavailableError} they can't be checked now
   */
  identify(authorization: string | undefined, addressKey: string): Promise<Caller>;
  /** Whether identifying the caller requires checking a signature: for a token that was not accepted before. */
  needsCheck(authorization: string | undefined): boolean;
  /** Call `listener` with callers, as they were identified, whose API keys are no longer valid. */
  onRevoked(listener: (callers: ReadonlySet<Caller>) => void): void;
}

/** Everybody is the anonymous caller, with any credentials. */
export const anonymousSignIn: SignIn = {
  recall: () => anonymous,
  identify: async () => anonymous,
  needsCheck: () => false,
  onRevoked: () => {},
};

/** How callers may sign in. */
export interface SignInConfig {
  /** Null if access tokens are not accepted. `jwksUrl` is where the issuer publishes its keys. */
  readonly accessTokens: (TokenRules & { readonly jwksUrl: URL }) | null;
  readonly apiKeys: readonly ApiKey[];
  /** Where they were read, to read them again when the file changes. */
  readonly apiKeysFile?: string;
}

/** A sign-in with replaceable API keys. */
export interface KeyedSignIn extends SignIn {
  /** Replace the valid keys. */
  replaceApiKeys(keys: readonly ApiKey[]): void;
}

/** Sign-in with access tokens and API keys, which are distinguished by their prefix. */
export function createSignIn(
  config: SignInConfig,
  clock: Clock,
  logger: Logger,
  proxies?: OutgoingProxies,
): KeyedSignIn {
  const apiKeys = createApiKeys(config.apiKeys);
  const rules = config.accessTokens;
  const onFailed = (error: unknown) =>
    logger.error({ err: error }, 'The keys to check access tokens with could not be fetched');
  const onUnusable = (count: number) =>
    logger.warn({ count }, 'Some of the issuer’s keys cannot be used, and are skipped');
  const accessTokens =
    rules &&
    createAccessTokens(
      rules,
      createIssuerKeys({ url: rules.jwksUrl, clock, proxies, onFailed, onUnusable }),
      clock,
    );
  const isExpired = ({ expiresAt }: Caller) => expiresAt !== null && expiresAt <= clock.now();
  const listeners: ((callers: ReadonlySet<Caller>) => void)[] = [];
  return {
    onRevoked: (listener) => void listeners.push(listener),
    replaceApiKeys(keys) {
      const revoked = apiKeys.replace(keys);
      for (const listener of listeners) listener(revoked);
    },
    needsCheck(authorization) {
      const credentials = toCredentials(authorization);
      if (!accessTokens || !credentials || credentials.startsWith(API_KEY_PREFIX)) return false;
      return !accessTokens.isKnown(credentials);
    },
    recall(authorization) {
      const credentials = toCredentials(authorization);
      if (credentials === null) return null;
      const caller = credentials.startsWith(API_KEY_PREFIX)
        ? apiKeys.find(credentials)
        : accessTokens?.recall(credentials);
      return caller && !isExpired(caller) ? caller : null;
    },
    async identify(authorization) {
      const credentials = parseBearer(authorization);
      const caller = credentials.startsWith(API_KEY_PREFIX)
        ? apiKeys.find(credentials)
        : await accessTokens?.verify(credentials);
      if (!caller) throw new UnauthenticatedError('refused');
      if (isExpired(caller)) throw new UnauthenticatedError('expired');
      return caller;
    },
  };
}

/** @throws {UnauthenticatedError} */
function parseBearer(authorization: string | undefined): string {
  if (!authorization) throw new UnauthenticatedError('missing');
  const credentials = toCredentials(authorization);
  if (credentials === null) throw new UnauthenticatedError('refused');
  return credentials;
}

/** Null if there are none that could be valid. */
function toCredentials(authorization: string | undefined): string | null {
  const [, credentials] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
  return credentials && credentials.length <= MAX_CREDENTIALS_LENGTH ? credentials : null;
}
