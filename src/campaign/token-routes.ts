import type { FastifyInstance } from 'fastify';
import { CredentialsUnreadableError } from './credentials.js';
import type { TokenIssuer, TokenOutcome } from './token-issuer.js';

/** Serve IMS: tokens for client credentials. */
export function addTokenRoutes(app: FastifyInstance, tokens: TokenIssuer): void {
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
  tokens: TokenIssuer,
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

/** IMS takes its parameters from a form and from the query; of a name given in both, the form's counts. */
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
