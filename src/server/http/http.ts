import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { ApolloServer } from '@apollo/server';
import Fastify, { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import {
  RateLimitedError,
  ShuttingDownError,
  TooManyOperationsError,
} from '../../ingestion/gateway-error.js';
import type { Arrival, OperationContext } from '../../resolvers/operation-context.js';
import { toAddressKey } from '../admission/caller-key.js';
import type { ClientAddress } from '../admission/client-address.js';
import type { Refuse } from '../admission/http-refusal.js';
import { type RequestCheck, shuttingDown } from '../admission/refusal.js';
import type { RefusalReporter } from '../admission/refusal-log.js';
import { toStrictText } from '../admission/strict-text.js';
import { makeTimeoutsFair } from '../connections/fair-timeouts.js';
import { Turns } from '../connections/turns.js';
import { cutUnreadAnswers, type ReadingTimes } from '../connections/unread-answers.js';
import type { Allowance } from '../limits/allowance.js';
import type { Quota } from '../limits/quota.js';
import type { Phase } from '../monitoring/phase.js';
import { type EncodedBody, encode, toEncoding } from '../operations/content-encoding.js';
import type { OperationReporter } from '../operations/operation-log.js';
import { HASH_UNKNOWN, type OperationTexts } from '../operations/operation-text.js';
import type { SharedAnswers } from '../operations/shared-answers.js';
import { EXPLORER_PATH } from '../pages/explorer.js';
import { type Client, toClient } from '../sign-in/client.js';
import type { GraphQLWebSockets } from '../websocket/websocket.js';
import { createRawAnswers } from './http-client-error.js';
import { toGraphQLRequest } from './http-graphql.js';
import { addHttpHeaders, allowSitesToCall, createSiteHeaders } from './http-headers.js';
import type { HttpSignIn } from './http-sign-in.js';
import { toHttpStatus } from './http-status.js';
import { createKnownQuestions } from './known-questions.js';
import { checkBody, otherType } from './request-body.js';
import { protocolOf, type StreamedRequests } from './streamed-requests.js';

/** The path of GraphQL, over HTTP and over WebSocket. */
export const GRAPHQL_PATH = '/graphql';

/** The path of streams of several operations. */
const STREAM_PATH = '/graphql/stream';

const STREAM_METHODS = 'GET, POST, PUT, DELETE';

/** The same path as some clients write it. */
const GRAPHQL_FOLDER = /^\/graphql\/(\?|$)/;

const ALLOWED_METHODS = 'GET, POST';

/**
 * The time for a whole request to arrive, including its body, so that nobody keeps a connection by sending a byte now
 * and then.
 */
const REQUEST_TIMEOUT_MS = 30_000;

/**
 * The time for its head, also on a connection on which nothing was ever sent: opening thousands of them costs
 * nothing.
 */
const HEADERS_TIMEOUT_MS = 10_000;

/** By then some of the work in progress is done. */
const OPERATION_RETRY_MS = 1_000;

/** How often both times are checked. */
const CHECK_INTERVAL_MS = 5_000;

/**
 * How long a connection is kept for the next request: longer than the 60 s of common balancers. Otherwise they would
 * send a request just as it is closed here.
 */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;

/** When the system begins to check whether the other end of an idle connection is still there. */
const TCP_KEEP_ALIVE_AFTER_MS = 30_000;

const overHttp: Arrival = { transport: 'http', lastEventId: null };

/** What the HTTP server is built from. */
export interface HttpOptions {
  readonly apollo: Pick<ApolloServer<OperationContext>, 'executeHTTPGraphQLRequest'>;
  readonly answers: SharedAnswers;
  readonly reportOperation: OperationReporter;
  readonly newContext: (client: Client, arrival: Arrival) => OperationContext;
  readonly signIn: HttpSignIn;
  readonly texts: OperationTexts;
  readonly requests: Allowance;
  readonly work: Quota;
  readonly addressOf: ClientAddress;
  readonly maxBodyBytes: number;
  readonly readingTimes: ReadingTimes;
  /** Of clients, including WebSockets. Any more are closed when they arrive. */
  readonly maxConnections: number;
  readonly hasExplorer: boolean;
  /** Other sites whose pages may call. */
  readonly corsOrigins: readonly string[];
  /** Whether callers are identified by credentials, and not just by reaching the address. */
  readonly hasSignIn: boolean;
  readonly checkHost: RequestCheck;
  readonly checkOrigin: RequestCheck;
  readonly refuse: Refuse;
  /** Called for what is refused before it is a request. */
  readonly reportRefusal: RefusalReporter;
  readonly webSockets: GraphQLWebSockets;
  readonly streamed: StreamedRequests;
  /** A new operation may still arrive while draining, on a connection that was open before. */
  readonly phase: () => Phase;
  readonly logger: Logger;
}

/**
 * The HTTP server: GraphQL on one path, with WebSockets on the same. Other modules add everything else. It does not
 * listen yet.
 */
export async function createHttpServer({
  apollo,
  answers,
  reportOperation,
  newContext,
  texts,
  requests,
  work,
  addressOf,
  maxBodyBytes,
  readingTimes,
  maxConnections,
  hasExplorer,
  corsOrigins,
  hasSignIn,
  checkHost,
  checkOrigin,
  refuse,
  reportRefusal,
  signIn,
  webSockets,
  streamed,
  phase,
  logger,
}: HttpOptions) {
  const isDraining = () => phase() === 'draining';
  const rawAnswers = createRawAnswers(reportRefusal);
  const server = Fastify({
    bodyLimit: maxBodyBytes,
    forceCloseConnections: 'idle',
    // Health and metrics are served while the server closes; GraphQL refuses on its own.
    return503OnClosing: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // Any other wish to upgrade is ignored, as HTTP allows, and the request is answered normally: some clients
    // (Java's, and curl --http2) offer HTTP/2 with each request.
    http: {
      shouldUpgradeCallback: (request) => isForWebSockets(request) && !isDraining(),
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEP_ALIVE_AFTER_MS,
      // The host check looks at it.
      requireHostHeader: false,
    },
    // A whole URL stays unchanged, because its host is checked.
    rewriteUrl: ({ url = '' }) => (url.startsWith('/') ? toTarget(url) : url),
    clientErrorHandler: rawAnswers.toError,
    // A URL that can't be decoded never gets to the error handler.
    frameworkErrors(error, request, reply) {
      addEarlyHeaders(request, reply);
      answerError(error, reply);
    },
  });

  // JSON is UTF-8: other bytes would become an id that nobody asked about.
  const parseJson = server.getDefaultJsonParser('error', 'error');
  // It is parsed only if there is no shared answer.
  server.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    (_request, body, done) => done(null, body),
  );
  const toJson = (request: FastifyRequest, body: Buffer) =>
    new Promise<unknown>((resolve, reject) => {
      void parseJson(request, toBodyText(body), (error, json) =>
        error ? reject(error) : resolve(json),
      );
    });

  server.server.maxConnections = maxConnections;
  makeTimeoutsFair(server.server, CHECK_INTERVAL_MS);
  const toSiteHeaders = createSiteHeaders(corsOrigins);
  const addEarlyHeaders = (request: FastifyRequest, reply: FastifyReply) => {
    reply.header('cache-control', 'no-store');
    reply.headers(toSiteHeaders(request.headers.origin));
  };
  const headers = addHttpHeaders(server);
  // What is refused early has these headers, too.
  server.addHook('onRequest', (request, reply, done) => {
    addEarlyHeaders(request, reply);
    done();
  });
  const connections = new WeakMap<Socket, { readonly turns: Turns; answer: ServerResponse }>();
  /** Start this when the connection of a request has its turn, and has taken the answer to the request before. */
  function takeTurn({ socket }: IncomingMessage, answer: ServerResponse, work: () => void): void {
    const connection = connections.get(socket) ?? {
      answer,
      // One at a time: the answers to requests that came together would pile up if their client reads none.
      turns: new Turns(socket, (start) => {
        const before = connection.answer;
        if (before.writableFinished || before.destroyed) start();
        else before.once('close', start);
      }),
    };
    connections.set(socket, connection);
    connection.turns.take(() => {
      connection.answer = answer;
      work();
    });
  }
  const unreadAnswers = cutUnreadAnswers(server, readingTimes);
  const knownQuestions = createKnownQuestions({
    path: GRAPHQL_PATH,
    answers,
    signIn,
    requests,
    work,
    reportOperation,
    addressOf,
    isServing: () => phase() === 'serving',
    isOrdinary: (request) =>
      checkHost(request) === null &&
      (corsOrigins.length === 0 || request.headers.origin === undefined) &&
      (hasSignIn || checkOrigin(request) === null),
    takeTurn,
    unreadAnswers,
    headers: {
      ...headers,
      'cache-control': 'no-store',
      ...toSiteHeaders(undefined),
    },
  });
  // Otherwise requests that arrive together would all be answered before any other connection is served.
  server.addHook('onRequest', ({ raw }, reply, done) => {
    // It has had its turn.
    if (knownQuestions.preparedRequest(raw)) done();
    else takeTurn(raw, reply.raw, done);
  });
  server.addHook('onRequest', ({ raw }, reply, done) => {
    const isPreflight = raw.method === 'OPTIONS' && 'access-control-request-method' in raw.headers;
    const refusal = checkHost(raw) ?? (isPreflight ? checkOrigin(raw) : null);
    if (!refusal) return done();
    void requests.take(toAddressKey(addressOf(raw)), 1).then(() => refuse(reply, refusal), done);
  });
  await allowSitesToCall(server, corsOrigins);
  // A type that pages may send without a preflight is never an operation.
  server.removeContentTypeParser('text/plain');

  /** Replaces Fastify's messages, which repeat the input, or don't say what to do. */
  const words: Readonly<Record<string, string>> = {
    FST_ERR_BAD_URL: 'The path of the URL cannot be decoded: a % must precede two hex digits.',
    FST_ERR_CTP_INVALID_MEDIA_TYPE: otherType.message,
    FST_ERR_CTP_BODY_TOO_LARGE: `A body may have at most ${maxBodyBytes} bytes.`,
  };

  function answerError(error: FastifyError, reply: FastifyReply) {
    if (error instanceof RateLimitedError) {
      const { code, message, retryAfterMs } = error;
      return refuse(reply, { status: 429, code, message, retryAfterMs });
    }
    if (error instanceof TooManyOperationsError) {
      const { code, message } = error;
      const status = error.whose === 'all' ? 503 : 429;
      return refuse(reply, { status, code, message, retryAfterMs: OPERATION_RETRY_MS });
    }
    if (error instanceof ShuttingDownError) return refuse(reply, shuttingDown);
    const status = error.statusCode ?? 500;
    if (status < 500) {
      const message = words[error.code] ?? error.message;
      return refuse(reply, { status, code: 'BAD_REQUEST', message });
    }
    logger.error({ err: error }, 'An HTTP request failed inside the gateway');
    const message = 'The gateway failed to answer this.';
    return refuse(reply, { status, code: 'INTERNAL_SERVER_ERROR', message });
  }

  server.setErrorHandler<FastifyError>((error, _request, reply) => answerError(error, reply));
  server.setNotFoundHandler((request, reply) => {
    const path = toPath(toTarget(request.url));
    if (path === STREAM_PATH) {
      reply.header('allow', STREAM_METHODS);
      const message = `Use ${STREAM_METHODS} for streams.`;
      return refuse(reply, { status: 405, code: 'BAD_REQUEST', message });
    }
    if (path !== GRAPHQL_PATH) {
      const message = `There is nothing here. GraphQL is at ${GRAPHQL_PATH}.`;
      return refuse(reply, { status: 404, code: 'NOT_FOUND', message });
    }
    reply.header('allow', ALLOWED_METHODS);
    const message = 'Use GET or POST for GraphQL.';
    return refuse(reply, { status: 405, code: 'BAD_REQUEST', message });
  });

  // A kept connection would delay the drain, or get the next request just as it is closed.
  server.addHook('onSend', async (_request, reply) => {
    if (phase() !== 'serving') reply.header('connection', 'close');
  });

  const requireSignIn = signIn.require();
  server.options(GRAPHQL_PATH, (_request, reply) =>
    reply.code(204).header('allow', `${ALLOWED_METHODS}, OPTIONS`).send(),
  );
  /** Refuse a request that may not come in; undefined if it may. */
  function checkIn(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
    if (isDraining()) return refuse(reply, shuttingDown);
    // Without sign-in, reaching the address is enough, and a browser on this machine reaches it for any page.
    const refusal =
      (hasSignIn ? null : checkOrigin(request.raw)) ??
      (request.method === 'POST' ? checkBody(request.headers) : null);
    return refusal ? refuse(reply, refusal) : undefined;
  }
  const toClientOf = (request: FastifyRequest) =>
    toClient(signIn.callerOf(request), toAddressKey(addressOf(request.raw)));
  const toBody = async (request: FastifyRequest) =>
    Buffer.isBuffer(request.body) ? await toJson(request, request.body) : request.body;

  server.route({
    method: ['GET', 'POST', 'PUT', 'DELETE'],
    url: STREAM_PATH,
    exposeHeadRoute: false,
    async onRequest(request, reply) {
      return (
        checkIn(request, reply) ??
        (streamed.reserverOf(request) ? undefined : requireSignIn(request, reply))
      );
    },
    async handler(request, reply) {
      const client = streamed.reserverOf(request) ?? toClientOf(request);
      return streamed.serveShared({ request, reply, client, body: await toBody(request) });
    },
  });
  server.route({
    method: ['GET', 'POST'],
    url: GRAPHQL_PATH,
    // A browser that opens this address wants a page; GraphQL clients don't ask for HTML.
    async onRequest(request, reply) {
      const isBrowser =
        hasExplorer && request.method === 'GET' && request.headers.accept?.includes('text/html');
      if (isBrowser) {
        const isFolder = toPath(request.originalUrl)?.endsWith('/');
        return reply.redirect(`${isFolder ? '..' : '.'}${EXPLORER_PATH}`);
      }
      const refused = checkIn(request, reply);
      if (refused) return refused;
      return requireSignIn(request, reply);
    },
    preParsing(request, _reply, payload, done) {
      const prepared = knownQuestions.preparedRequest(request.raw);
      done(null, prepared ? Readable.from([prepared.body]) : payload);
    },
    async handler(request, reply) {
      const startedAt = performance.now();
      const client = toClientOf(request);
      const protocol = request.method === 'HEAD' ? null : protocolOf(request);
      if (protocol) {
        return streamed.serve(protocol, { request, reply, client, body: await toBody(request) });
      }
      if (!knownQuestions.preparedRequest(request.raw)?.isCounted)
        await requests.take(client.key, 1);
      const {
        method,
        url,
        headers: { accept },
      } = request;
      const encoding = toEncoding(request.headers['accept-encoding']);
      const key = answers.toKey({
        caller: client.caller,
        method,
        url,
        accept,
        encoding,
        body: Buffer.isBuffer(request.body) ? request.body.toString('latin1') : '',
      });
      const known = answers.find(key);
      if (known) {
        knownQuestions.count(client, known, startedAt);
        reply.header('content-type', known.contentType);
        return sendEncoded(reply, known);
      }
      const json = await toBody(request);
      const httpGraphQLRequest = toGraphQLRequest(request, json, texts);
      if (httpGraphQLRequest instanceof GraphQLError) {
        const { message, extensions } = httpGraphQLRequest;
        const code = String(extensions.code);
        return refuse(reply, { status: code === HASH_UNKNOWN ? 200 : 400, code, message });
      }
      const release = work.take(client.key, 1);
      const context = newContext(client, overHttp);
      const { status, headers, body } = await apollo
        .executeHTTPGraphQLRequest({ httpGraphQLRequest, context: async () => context })
        .finally(release);
      if (body.kind !== 'complete') throw new Error('Incremental delivery is not switched on.');
      for (const [name, value] of headers) reply.header(name, value);
      const contentType = headers.get('content-type');
      const encoded = await encode(body.string, encoding);
      if ((status ?? 200) === 200 && contentType !== undefined) {
        answers.keep(key, context.sharing, { contentType, ...encoded });
      }
      reply.code(toHttpStatus(status ?? 200, contentType, body.string));
      return sendEncoded(reply, encoded);
    },
  });

  for (const listener of server.server.listeners('request') as RequestListener[]) {
    server.server.off('request', listener);
    server.server.on('request', knownQuestions.before(listener));
  }
  server.server.on('connect', rawAnswers.toTunnel);
  server.server.on('checkExpectation', rawAnswers.toExpectation);
  const onBreak = (error: Error) => logger.debug({ err: error }, 'A WebSocket broke off');
  server.server.on('upgrade', (request, connection, head) => {
    // The HTTP server has let go of the connection. Without a listener its error would end the process.
    connection.on('error', onBreak);
    webSockets.upgrade(request, connection, head);
  });

  return { server, unreadAnswers };
}

/** Nobody may cache an answer, so it needs no Vary header. */
function sendEncoded(reply: FastifyReply, { encoding, body }: EncodedBody): FastifyReply {
  if (encoding !== 'identity') reply.header('content-encoding', encoding);
  return reply.send(body);
}

function toBodyText(body: Buffer): string {
  try {
    return toStrictText(body);
  } catch (cause) {
    const refusal = new Error('The body must be JSON in UTF-8.', { cause });
    throw Object.assign(refusal, { statusCode: 400 });
  }
}

function isForWebSockets({ url, headers }: IncomingMessage): boolean {
  return toPath(toTarget(url)) === GRAPHQL_PATH && headers.upgrade?.toLowerCase() === 'websocket';
}

/** A target for routing: without the host that proxies get, and for GraphQL without a trailing slash. */
function toTarget(url = ''): string {
  if (url === GRAPHQL_PATH) return url;
  const { pathname = url, search = '' } = url.startsWith('/') ? {} : (URL.parse(url) ?? {});
  return `${pathname}${search}`.replace(GRAPHQL_FOLDER, `${GRAPHQL_PATH}$1`);
}

function toPath(url: string | undefined): string | undefined {
  return url?.split('?', 1)[0];
}
