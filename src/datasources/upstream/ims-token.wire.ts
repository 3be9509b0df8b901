import { z } from 'zod';
import { UpstreamError } from '../../ingestion/gateway-error.js';
import { toBasePath } from './campaign.request.js';
import type { HttpAnswer, HttpExchange, HttpRequest } from './http-exchange.js';
import { findLocalCause } from './local-cause.js';
import { ProxyError } from './outgoing-proxy.js';
import { toUpstreamDetails } from './upstream-complaint.js';
import { parseWireJson } from './wire-json.js';

/** The credentials for tokens, by the OAuth client credentials grant. */
export interface ClientCredentials {
  readonly kind: 'clientCredentials';
  /** Such as `https://ims-na1.adobelogin.com`; may have a path. */
  readonly imsUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scopes: readonly string[];
}

/**
 * How long a token counts as valid if the service does not say, in ms: long enough not to cause many fetches, and if
 * it is rejected earlier, a newer one is fetched. No token is kept longer than a day, so a service that reports
 * milliseconds does no harm.
 */
const ASSUMED_LIFE_MS = 5 * 60_000;
const MAX_LIFE_MS = 24 * 60 * 60_000;

const tokenAnswer = z.object({
  access_token: z
    .string()
    .trim()
    .regex(/^[\x21-\x7e]+$/),
  token_type: z
    .string()
    .trim()
    .regex(/^bearer$/i)
    .nullish(),
  /** In seconds. Some services write it as a text, and OAuth allows leaving it out. */
  expires_in: z.unknown().optional().transform(toLifeMs),
});

function toLifeMs(expiresIn: unknown): number {
  const isNumber = typeof expiresIn === 'number' || /^\s*\d+(\.\d+)?\s*$/.test(String(expiresIn));
  const lifeMs = isNumber ? Number(expiresIn) * 1_000 : Number.NaN;
  return lifeMs > 0 ? Math.min(lifeMs, MAX_LIFE_MS) : ASSUMED_LIFE_MS;
}

/** OAuth's codes. Anything else may be an echo of what was sent. */
const errorAnswer = z.object({ error: z.string().regex(/^[a-z_]{1,64}$/) });

/** The request for a token. Its body contains the secret. */
export function toTokenRequest(credentials: ClientCredentials): HttpRequest {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: credentials.clientId,
    client_secret: credentials.clientSecret,
    scope: credentials.scopes.join(','),
  });
  return {
    method: 'POST',
    path: `${toBasePath(new URL(credentials.imsUrl))}/ims/token/v3`,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    },
    body: form.toString(),
  };
}

/**
 * Parse the token service's answer.
 *
 * @throws {UpstreamError} it has no token; the error never quotes the answer
 */
export function parseTokenAnswer(answer: HttpExchange): { accessToken: string; lifeMs: number } {
  if (answer.kind !== 'answered') throw toTransportError(answer);
  if (answer.status !== 200) throw toRefusal(answer);
  const parsed = tokenAnswer.safeParse(parseWireJson(answer.body));
  if (parsed.success) {
    return { accessToken: parsed.data.access_token, lifeMs: parsed.data.expires_in };
  }
  throw new UpstreamError(
    'UPSTREAM_UNAVAILABLE',
    'The token service answered without a usable access token: check its URL.',
    { upstream: toUpstreamDetails(answer.status, answer.headers) },
  );
}

function toTransportError(failed: Exclude<HttpExchange, HttpAnswer>): UpstreamError {
  const { cause } = failed;
  switch (failed.kind) {
    case 'cancelled':
      return new UpstreamError('UPSTREAM_TIMEOUT', 'The token service did not answer in time.', {
        cause,
      });
    case 'unsent':
    case 'broken':
      return new UpstreamError('UPSTREAM_UNAVAILABLE', toUnreachableText(cause), { cause });
    case 'unreadable':
      return new UpstreamError(
        'UPSTREAM_UNAVAILABLE',
        'The token service sent an answer that cannot be read: check its URL.',
        { cause },
      );
  }
}

function toUnreachableText(cause: unknown): string {
  const localCause = findLocalCause(cause);
  if (localCause !== null) {
    return `The gateway cannot call the token service now, because ${localCause}.`;
  }
  const isProxys = cause instanceof ProxyError;
  return `The token service cannot be reached${isProxys ? `, because ${cause.message}` : ''}.`;
}

function toRefusal({ status, headers, body, retryAfterMs }: HttpAnswer): UpstreamError {
  const errorCode = errorAnswer.safeParse(parseWireJson(body)).data?.error;
  const options = {
    upstream: toUpstreamDetails(status, headers, errorCode),
    retryAfterMs,
  };
  if (status === 400 || status === 401 || status === 403) {
    return new UpstreamError(
      'UPSTREAM_UNAUTHENTICATED',
      'The token service refuses the client credentials: check the client id, the secret and the scopes.',
      options,
    );
  }
  const isRedirect = status >= 300 && status < 400;
  return new UpstreamError(
    'UPSTREAM_UNAVAILABLE',
    isRedirect
      ? `The token service answered with a redirect (HTTP ${status}), which is not followed: check its URL.`
      : `The token service gives no token now (HTTP ${status}): try again later.`,
    options,
  );
}
