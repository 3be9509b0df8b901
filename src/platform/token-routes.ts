import type { FastifyInstance } from 'fastify';
import type { TokenIssuer } from './token-issuer.js';

/** Serve IMS: tokens for client credentials, from a form or from the query. */
export function addTokenRoutes(app: FastifyInstance, tokens: TokenIssuer): void {
  app.post('/ims/token/v3', async (request, reply) => {
    reply.header('cache-control', 'no-store');
    const refuse = (httpStatus: number, error: string, description: string) =>
      reply.code(httpStatus).send({ error, error_description: description });

    const query = request.url.split('?')[1] ?? '';
    const form = typeof request.body === 'string' ? request.body : '';
    const given = new URLSearchParams([
      ...new URLSearchParams(form),
      ...new URLSearchParams(query),
    ]);
    for (const name of ['grant_type', 'client_id', 'client_secret']) {
      if (!given.get(name)) return refuse(400, 'invalid_request', `missing ${name} parameter`);
    }
    if (given.get('grant_type') !== 'client_credentials') {
      return refuse(400, 'unsupported_grant_type', 'grant_type must be client_credentials');
    }
    const issued = tokens.issue(given.get('client_id') ?? '', given.get('client_secret') ?? '');
    if (issued === null) return refuse(401, 'invalid_client', 'invalid client_id or client_secret');
    return {
      access_token: issued.accessToken,
      token_type: 'bearer',
      expires_in: issued.expiresInS,
    };
  });
}
