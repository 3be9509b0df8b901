import type { IncomingHttpHeaders } from 'node:http';
import {
  bearerTokenOf,
  CredentialsUnreadableError,
  isSame,
  type TokenIssuer,
} from '../../adobe/ims.js';
import type { Client, Credentials, Role } from './credentials.js';
import type { Usage } from './usage-limits.js';

/** Why the API gateway in front of Campaign refuses a call, in its words. */
export interface Denial {
  readonly httpStatus: number;
  /** The number of seconds after which the call may be made again; null if waiting does not help. */
  readonly retryAfterS: number | null;
  readonly body:
    | { readonly error_code: string; readonly message: string }
    | { readonly code: number; readonly message: string };
}

/** The API gateway's answer to an unknown URI. It uses another envelope, with a numeric code. */
export function toWrongUriDenial(code: 404 | 500): Denial {
  const message = 'Oops. Something went wrong. Check your URI and try again.';
  return { httpStatus: code, retryAfterS: null, body: { code, message } };
}

/** What a call must contain (the key, a token, the organization in its path), and how many calls are allowed. */
export interface AccessRules {
  readonly credentials: Pick<Credentials, 'apiKeys'>;
  readonly organization: string;
  readonly tokens: Pick<TokenIssuer<Client>, 'clientOf'>;
  readonly countCall: () => Usage;
}

/**
 * Find out why a call is refused: first by its key, then by the number of calls with it, then by the token, the URI,
 * and the role.
 *
 * @param role - the role that the token's client must have; null for any client
 */
export function denialOf(
  rules: AccessRules,
  headers: IncomingHttpHeaders,
  organization: string,
  role: Role | null,
): Denial | null {
  const key = headers['x-api-key'];
  if (key === undefined || key === '') return denial(403, '403000', 'Api Key is required');
  const keys = orUnreadable(() => rules.credentials.apiKeys());
  if (keys === UNREADABLE) return denial(503, '503000', 'Could not validate Api Key');
  if (!keys.some((known) => isSame(known, String(key)))) {
    return denial(403, '403003', 'Api Key is invalid');
  }

  const usage = rules.countCall();
  if (usage.kind === 'tooMany') {
    return denial(429, '429050', 'Too many requests', usage.retryAfterS);
  }
  if (usage.kind === 'usedUp') {
    return denial(429, '429001', 'Service usage limit reached', usage.retryAfterS);
  }

  const { authorization } = headers;
  if (!authorization) return denial(403, '403010', 'Oauth token is missing.');
  const token = bearerTokenOf(authorization);
  const client = token === null ? null : orUnreadable(() => rules.tokens.clientOf(token));
  if (client === UNREADABLE) return denial(503, '503010', 'Could not validate the oauth token');
  if (client === null) return denial(401, '401013', 'Oauth token is not valid');

  if (organization !== rules.organization) return toWrongUriDenial(500);
  if (role !== null && !client.roles.includes(role)) {
    return denial(403, '403023', 'Profile is not valid');
  }
  return null;
}

const UNREADABLE = Symbol('the credentials cannot be read');

function orUnreadable<T>(read: () => T): T | typeof UNREADABLE {
  try {
    return read();
  } catch (error) {
    if (error instanceof CredentialsUnreadableError) return UNREADABLE;
    throw error;
  }
}

function denial(
  httpStatus: number,
  errorCode: string,
  message: string,
  retryAfterS: number | null = null,
): Denial {
  return { httpStatus, retryAfterS, body: { error_code: errorCode, message } };
}
