import type { ApolloServer } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { OperationContext } from '../resolvers/operation-context.js';
import { EXPLORER_PATH } from './explorer.js';
import { toHttpStatus } from './http-status.js';
import type { GraphQLWebSockets } from './websocket.js';

/** Where GraphQL is served, over HTTP and over WebSocket. */
export const GRAPHQL_PATH = '/graphql';

/** Far more than any operation needs. */
const MAX_BODY_BYTES = 1024 * 1024;

export interface HttpOptions {
  readonly apollo: ApolloServer<OperationContext>;
  readonly newContext: () => OperationContext;
  readonly webSockets: GraphQLWebSockets;
  readonly logger: Logger;
}

/** The HTTP server: GraphQL on one path, its WebSockets on the same; everything else is added by others. */
export function createHttpServer({
  apollo,
  newContext,
  webSockets,
  logger,
}: HttpOptions): FastifyInstance {
  const server = Fastify({ bodyLimit: MAX_BODY_BYTES, forceCloseConnections: 'idle' });

  server.setErrorHandler<FastifyError>((error, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) logger.error({ err: error }, 'An HTTP request failed inside the gateway');
    const message = status >= 500 ? 'The gateway failed to answer this.' : error.message;
    const code = status >= 500 ? 'INTERNAL_SERVER_ERROR' : 'BAD_REQUEST';
    return reply.code(status).send({ errors: [{ message, extensions: { code } }] });
  });
  server.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({
      errors: [
        {
          message: `There is nothing here. GraphQL is at ${GRAPHQL_PATH}.`,
          extensions: { code: 'NOT_FOUND' },
        },
      ],
    }),
  );

  const handleGraphQL = fastifyApolloHandler(apollo, { context: async () => newContext() });
  server.route({
    method: ['GET', 'POST', 'OPTIONS'],
    url: GRAPHQL_PATH,
    // Who opens this address in a browser wants to see something; GraphQL clients do not ask for HTML.
    async onRequest(request, reply) {
      const isBrowser = request.method === 'GET' && request.headers.accept?.includes('text/html');
      if (isBrowser) return reply.redirect(`.${EXPLORER_PATH}`);
    },
    async handler(request, reply) {
      const body: unknown = await handleGraphQL.call(this, request, reply);
      reply.code(toHttpStatus(reply.statusCode, reply.getHeader('content-type'), body));
      return body;
    },
  });

  server.server.on('upgrade', (request, connection, head) => {
    const path = request.url?.split('?', 1)[0];
    if (path === GRAPHQL_PATH) webSockets.upgrade(request, connection, head);
    else connection.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
  });

  return server;
}
