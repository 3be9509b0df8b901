import { addAbortListener } from 'node:events';
import { z } from 'zod';
import type { Clock } from '../../adobe/clock.js';
import type { Connections } from './connections.js';
import { callHttp } from './http-call.js';
import { PlatformError } from './platform-error.js';

/** How calls to Platform get their token. */
export type PlatformToken =
  /** Set by the operator, who renews it. */
  | { readonly kind: 'fixed'; readonly accessToken: string }
  | {
      readonly kind: 'clientCredentials';
      /** IMS's base URL, without a trailing slash. */
      readonly imsUrl: string;
      readonly clientId: string;
      readonly clientSecret: string;
    };

/** Provides the token for calls. */
export interface AccessTokens {
  /** @throws {PlatformError} IMS refused, or could not be reached */
  current(signal: AbortSignal): Promise<string>;
  /**
   * A token was refused: fetch a new one with the next call. False if there is no way to get another, or if so many
   * were refused recently that the token is not the problem.
   */
  forget(accessToken: string): boolean;
}

/** How long before its expiry a token is renewed, because a call with it may take a while. In ms. */
const RENEWAL_MARGIN_MS = 60_000;

/** The scopes that Adobe gives a project for Platform's APIs. */
const SCOPES = 'openid,AdobeID,read_organizations,additional_info.projectedProductContext,session';

/** How long a token counts as valid if IMS does not say. If it is refused earlier, a new one is fetched. */
const ASSUMED_LIFE_S = 300;

/** IMS throttles clients that ask too often, so no more refused tokens than this are replaced. */
const MAX_FORGOTTEN_TOKENS = 10;
const FORGOTTEN_WITHIN_MS = 5 * 60_000;

const tokenAnswer = z.object({
  access_token: z
    .string()
    .trim()
    .regex(/^[\x21-\x7e]+$/),
  expires_in: z
    .unknown()
    .optional()
    .transform((told) => toPositive(told) ?? ASSUMED_LIFE_S),
});

/** Some servers write numbers as texts. */
function toPositive(told: unknown): number | null {
  const number = typeof told === 'string' && told.trim() !== '' ? Number(told) : told;
  return typeof number === 'number' && number > 0 && Number.isFinite(number) ? number : null;
}

/** Create the tokens; concurrent callers share one call to IMS. */
export function createAccessTokens(
  token: PlatformToken,
  connections: Connections,
  clock: Clock,
): AccessTokens {
  if (token.kind === 'fixed') {
    return { current: async () => token.accessToken, forget: () => false };
  }
  const { imsUrl, clientId, clientSecret } = token;
  let known: { readonly accessToken: string; readonly renewMs: number } | null = null;
  let fetching: Promise<string> | null = null;
  let forgottenMs: readonly number[] = [];

  async function fetchToken(): Promise<string> {
    const text = await callHttp(connections, {
      method: 'POST',
      url: `${imsUrl}/ims/token/v3`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: clientSecret,
        scope: SCOPES,
      }).toString(),
      // A caller that waits for it may leave, but the others still need it.
      signal: new AbortController().signal,
    });
    const { access_token: accessToken, expires_in: lifetimeS } = parseTokenAnswer(text);
    const lifetimeMs = lifetimeS * 1_000;
    const renewMs = clock.monotonicMs() + Math.max(lifetimeMs - RENEWAL_MARGIN_MS, lifetimeMs / 2);
    known = { accessToken, renewMs };
    return accessToken;
  }

  return {
    async current(signal) {
      if (known !== null && known.renewMs > clock.monotonicMs()) return known.accessToken;
      signal.throwIfAborted();
      fetching ??= fetchToken().finally(() => {
        fetching = null;
      });
      const left = Promise.withResolvers<never>();
      using _listener = addAbortListener(signal, () => left.reject(signal.reason));
      return await Promise.race([fetching, left.promise]);
    },

    forget(accessToken) {
      // Another call may have fetched a new one since.
      if (known?.accessToken !== accessToken) return true;
      const nowMs = clock.monotonicMs();
      forgottenMs = forgottenMs.filter((atMs) => nowMs - atMs < FORGOTTEN_WITHIN_MS);
      if (forgottenMs.length === MAX_FORGOTTEN_TOKENS) return false;
      forgottenMs = [...forgottenMs, nowMs];
      known = null;
      return true;
    },
  };
}

function parseTokenAnswer(text: string): z.infer<typeof tokenAnswer> {
  try {
    return tokenAnswer.parse(JSON.parse(text));
  } catch {
    // The answer may contain a token, so it is in no message and is no cause.
    throw new PlatformError('IMS answered without a usable access_token', true, 200);
  }
}
