import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Clock } from './clock.js';

/** A client that may ask for tokens. */
export interface Client {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** The credentials can't be read, or are not valid. */
export class CredentialsUnreadableError extends Error {
  override readonly name = 'CredentialsUnreadableError';
}

/** The outcome of asking for a token. */
type TokenOutcome =
  | { readonly kind: 'issued'; readonly accessToken: string; readonly expiresInS: number }
  | { readonly kind: 'wrongClientId' | 'wrongClientSecret' };

/** Issues tokens, each valid for its lifetime. They are in memory, so a restart invalidates them all. */
export type TokenIssuer<C extends Client = Client> = ReturnType<typeof createTokenIssuer<C>>;

/**
 * @param clients - called each time, so that its result may change
 * @param lifetimeS - how long a token is valid, in s
 */
export function createTokenIssuer<C extends Client>(
  clients: () => readonly C[],
  lifetimeS: number,
  clock: Clock,
) {
  /** Oldest first, because a Map keeps its order and all lifetimes are equal. By the monotonic clock, in ms. */
  const issued = new Map<string, { readonly clientId: string; readonly expiresAt: number }>();

  function forgetExpired(now: number): void {
    for (const [token, { expiresAt }] of issued) {
      if (expiresAt > now) return;
      issued.delete(token);
    }
  }

  const find = (clientId: string) => clients().find((client) => client.clientId === clientId);

  return {
    /** @throws {CredentialsUnreadableError} */
    issue(clientId: string, clientSecret: string): TokenOutcome {
      const client = find(clientId);
      if (client === undefined) return { kind: 'wrongClientId' };
      if (!isSame(client.clientSecret, clientSecret)) return { kind: 'wrongClientSecret' };
      const now = clock.monotonicMs();
      forgetExpired(now);
      const accessToken = randomBytes(32).toString('base64url');
      issued.set(accessToken, { clientId, expiresAt: now + lifetimeS * 1_000 });
      return { kind: 'issued', accessToken, expiresInS: lifetimeS };
    },

    /**
     * The client of a token; null if nobody issued it, it has expired, or the client no longer exists.
     *
     * @throws {CredentialsUnreadableError}
     */
    clientOf(accessToken: string): C | null {
      const token = issued.get(accessToken);
      if (token === undefined || token.expiresAt <= clock.monotonicMs()) return null;
      return find(token.clientId) ?? null;
    },
  };
}

/** Compare secrets in constant time. */
export function isSame(secret: string, given: string): boolean {
  const digest = (text: string) => hash('sha256', text, 'buffer');
  return timingSafeEqual(digest(secret), digest(given));
}

/** The token of an `Authorization` header; null if it has another scheme. */
export function bearerTokenOf(authorization: string): string | null {
  return /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? null;
}

/** Serve IMS: tokens for client credentials. */
export function addTokenRoutes(app: FastifyInstance, tokens: Pick<TokenIssuer, 'issue'>): void {
  app.post('/ims/token/v3', async (request, reply) => {
    reply.header('cache-control', 'no-store');
    const refuse = (httpStatus: number, error: string, description: string) =>
      reply.code(httpStatus).send({ error, error_description: description });

    const given = parametersOf(request.url, request.headers['content-type'], request.body);
    const clientId = given.get('client_id');
    const clientSecret = given.get('client_secret');
    const grantType = given.get('grant_type');
    if (!grantType) return refuse(400, 'invalid_request', 'missing grant_type parameter');
    if (grantType !== 'client_credentials') {
      return refuse(400, 'unsupported_grant_type', 'grant_type must be client_credentials');
    }
    if (!clientId) return refuse(400, 'invalid_request', 'missing client_id parameter');
    if (!clientSecret) return refuse(400, 'invalid_request', 'missing client_secret parameter');

    const outcome = issue(tokens, clientId, clientSecret);
    switch (outcome.kind) {
      case 'issued':
        return {
          access_token: outcome.accessToken,
          token_type: 'bearer',
          expires_in: outcome.expiresInS,
        };
      case 'wrongClientId':
        return refuse(401, 'invalid_client', 'invalid client_id parameter');
      case 'wrongClientSecret':
        return refuse(401, 'invalid_client', 'invalid client_secret parameter');
      case 'unreadable':
        return refuse(503, 'temporarily_unavailable', 'the clients cannot be looked up');
    }
  });
}

function issue(
  tokens: Pick<TokenIssuer, 'issue'>,
  clientId: string,
  clientSecret: string,
): TokenOutcome | { readonly kind: 'unreadable' } {
  try {
    return tokens.issue(clientId, clientSecret);
  } catch (error) {
    if (error instanceof CredentialsUnreadableError) return { kind: 'unreadable' };
    throw error;
  }
}

/** IMS accepts parameters from a form and from the query. If a name is in both, the form's value counts. */
function parametersOf(
  url: string,
  contentType: string | undefined,
  body: unknown,
): Map<string, string> {
  const isForm = contentType?.toLowerCase().startsWith('application/x-www-form-urlencoded');
  const query = url.includes('?') ? url.slice(url.indexOf('?')) : '';
  return new Map([
    ...new URLSearchParams(query),
    ...new URLSearchParams(isForm && typeof body === 'string' ? body : ''),
  ]);
}
