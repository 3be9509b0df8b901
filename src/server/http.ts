import type { IncomingMessage } from 'node:http';
import type { ApolloServer } from '@apollo/server';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';
import { GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import { RateLimitedError, TooManyOperationsError } from '../ingestion/gateway-error.js';
import type { OperationContext } from '../resolvers/operation-context.js';
import { type Asker, toAsker } from './asker.js';
import type { ClientAddress } from './client-address.js';
import { EXPLORER_PATH } from './explorer.js';
import { toGraphQLRequest } from './http-graphql.js';
import { addHttpHeaders } from './http-headers.js';
import { refuse } from './http-refusal.js';
import type { HttpSignIn } from './http-sign-in.js';
import { toHttpStatus } from './http-status.js';
import type { Allowance } from './limits/allowance.js';
import { toAddressKey } from './limits/caller-key.js';
import type { Quota } from './limits/quota.js';
import type { OperationTexts } from './operation-text.js';
import type { GraphQLWebSockets } from './websocket.js';

/** Where GraphQL is served, over HTTP and over WebSocket. */
export const GRAPHQL_PATH = '/graphql';

/** For a whole request to arrive, body included: nobody keeps a connection by sending a byte now and then. */
const REQUEST_TIMEOUT_MS = 30_000;

/** For its head, also of a connection on which nothing was ever said: thousands of them cost nothing to open. */
const HEADERS_TIMEOUT_MS = 10_000;

/** By then some of what is under way is over. */
const RETRY_AFTER_S = 1;

/** How often both times are looked at. */
const CHECK_INTERVAL_MS = 5_000;

/** Connections beside those of WebSockets; the ones beyond are closed as they come. */
const MAX_HTTP_CONNECTIONS = 20_000;

/** What the HTTP server is built of. */
export interface HttpOptions {
  readonly apollo: ApolloServer<OperationContext>;
  readonly newContext: (asker: Asker) => OperationContext;
  readonly signIn: HttpSignIn;
  readonly texts: OperationTexts;
  readonly requests: Allowance;
  readonly work: Quota;
  readonly addressOf: ClientAddress;
  readonly maxBodyBytes: number;
  readonly maxSockets: number;
  readonly hasExplorer: boolean;
  /** Other sites whose pages may call. */
  readonly corsOrigins: readonly string[];
  readonly webSockets: GraphQLWebSockets;
  /** True once no new operation is taken: one may still come over a connection that was open before. */
  readonly isDraining: () => boolean;
  readonly logger: Logger;
}

/** The HTTP server: GraphQL on one path, its WebSockets on the same; everything else is added by others. */
export async function createHttpServer({
  apollo,
  newContext,
  texts,
  requests,
  work,
  addressOf,
  maxBodyBytes,
  maxSockets,
  hasExplorer,
  corsOrigins,
  signIn,
  webSockets,
  isDraining,
  logger,
}: HttpOptions): Promise<FastifyInstance> {
  const server = Fastify({
    bodyLimit: maxBodyBytes,
    forceCloseConnections: 'idle',
    // Health and metrics are told while the server closes; GraphQL refuses by itself.
    return503OnClosing: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Any other wish to upgrade is ignored, as HTTP allows, and the request is answered as it stands: some
    // clients (Java's, and curl --http2) offer HTTP/2 with each.
    http: {
      shouldUpgradeCallback: (request) => isForWebSockets(request) && !isDraining(),
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
    },
    // A URL that cannot be decoded never comes to the error handler.
    frameworkErrors: (error, _request, reply) => answerError(error, reply),
  });

  server.server.maxConnections = maxSockets + MAX_HTTP_CONNECTIONS;
  await addHttpHeaders(server, corsOrigins);

  function answerError(error: FastifyError, reply: FastifyReply) {
    if (error instanceof RateLimitedError) {
      const { message, retryAfterMs, extensions } = error;
      reply.header('retry-after', Math.ceil(retryAfterMs / 1_000));
      return reply.code(429).send({ errors: [{ message, extensions }] });
    }
    if (error instanceof TooManyOperationsError) {
      reply.header('retry-after', RETRY_AFTER_S);
      return refuse(reply, error.whose === 'all' ? 503 : 429, error.code, error.message);
    }
    const status = error.statusCode ?? 500;
    if (status < 500) return refuse(reply, status, 'BAD_REQUEST', error.message);
    logger.error({ err: error }, 'An HTTP request failed inside the gateway');
    return refuse(reply, status, 'INTERNAL_SERVER_ERROR', 'The gateway failed to answer this.');
  }

  server.setErrorHandler<FastifyError>((error, _request, reply) => answerError(error, reply));
  server.setNotFoundHandler((request, reply) => {
    if (toPath(request.url) !== GRAPHQL_PATH) {
      return refuse(
        reply,
        404,
        'NOT_FOUND',
        `There is nothing here. GraphQL is at ${GRAPHQL_PATH}.`,
      );
    }
    reply.header('allow', 'GET, POST');
    return refuse(reply, 405, 'BAD_REQUEST', 'GraphQL is asked with GET or POST.');
  });

  // What was under way when the drain began: kept alive, its connection would hold the drain up.
  server.addHook('onSend', async (_request, reply) => {
    if (isDraining()) reply.header('connection', 'close');
  });

  const requireSignIn = signIn.require();
  server.route({
    method: ['GET', 'POST', 'OPTIONS'],
    url: GRAPHQL_PATH,
    // Who opens this address in a browser wants to see something; GraphQL clients do not ask for HTML.
    async onRequest(request, reply) {
      if (isDraining()) {
        return refuse(reply, 503, 'SHUTTING_DOWN', 'The gateway is shutting down. Ask again.');
      }
      const isBrowser =
        hasExplorer && request.method === 'GET' && request.headers.accept?.includes('text/html');
      if (isBrowser) return reply.redirect(`.${EXPLORER_PATH}`);
      return requireSignIn(request, reply);
    },
    async handler(request, reply) {
      const asker = toAsker(signIn.callerOf(request), toAddressKey(addressOf(request.raw)));
      await requests.take(asker.key, 1);
      const httpGraphQLRequest = toGraphQLRequest(request, texts);
      if (httpGraphQLRequest instanceof GraphQLError) {
        const { message, extensions } = httpGraphQLRequest;
        return refuse(reply, 400, String(extensions.code), message);
      }
      const isOver = work.take(asker.key, 1);
      const { status, headers, body } = await apollo
        .executeHTTPGraphQLRequest({ httpGraphQLRequest, context: async () => newContext(asker) })
        .finally(isOver);
      if (body.kind !== 'complete') throw new Error('Incremental delivery is not switched on.');
      for (const [name, value] of headers) reply.header(name, value);
      reply.code(toHttpStatus(status ?? 200, headers.get('content-type'), body.string));
      return body.string;
    },
  });

  server.server.on('upgrade', (request, connection, head) => {
    // The HTTP server has let go of the connection: unheard, its error would end the process.
    connection.on('error', (error) => logger.debug({ err: error }, 'A WebSocket broke off'));
    webSockets.upgrade(request, connection, head);
  });

  return server;
}

function isForWebSockets({ url, headers }: IncomingMessage): boolean {
  return toPath(url) === GRAPHQL_PATH && headers.upgrade?.toLowerCase() === 'websocket';
}

function toPath(url: string | undefined): string | undefined {
  return url?.split('?', 1)[0];
}
