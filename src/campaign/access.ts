import type { IncomingHttpHeaders } from 'node:http';
import { isSame, type TokenIssuer } from './token-issuer.js';

/** Why the API gateway in front of Campaign turns a call away, in its words. */
export interface Denial {
  readonly httpStatus: number;
  readonly body:
    | { readonly error_code: string; readonly message: string }
    | { readonly code: number; readonly message: string };
}

/** The API gateway's answer to a URI that leads nowhere. Another envelope, with a numeric code. */
export function toWrongUriDenial(code: 404 | 500): Denial {
  const message = 'Oops. Something went wrong. Check your URI and try again.';
  return { httpStatus: code, body: { code, message } };
}

/** What a call must show: the key, a token, the organization in its path. */
export interface AccessRules {
  readonly apiKey: string;
  readonly organization: string;
  readonly tokens: Pick<TokenIssuer, 'isValid'>;
}

/** Find out why a call is turned away: the key is looked at first, then the token, then the URI. */
export function denialOf(
  rules: AccessRules,
  headers: IncomingHttpHeaders,
  organization: string,
): Denial | null {
  const key = headers['x-api-key'];
  if (key === undefined || key === '') return denial(403, '403000', 'Api Key is required');
  if (!isSame(rules.apiKey, String(key))) return denial(403, '403003', 'Api Key is invalid');

  const { authorization } = headers;
  if (!authorization) return denial(403, '403010', 'Oauth token is missing.');
  const [, token] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
  if (token === undefined || !rules.tokens.isValid(token)) {
    return denial(401, '401013', 'Oauth token is not valid');
  }

  return organization === rules.organization ? null : toWrongUriDenial(500);
}

function denial(httpStatus: number, errorCode: string, message: string): Denial {
  return { httpStatus, body: { error_code: errorCode, message } };
}
