import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify';
import type { Logger } from './logger.js';
import { toStrictText } from './strict-text.js';

/** The answer to a failed call: an object is sent as JSON, a string as plain text. */
export interface ErrorAnswer {
  readonly httpStatus: number;
  readonly body: object | string;
  readonly headers?: Readonly<Record<string, string | number>>;
}

/**
 * Create an HTTP server without routes. Bodies arrive at the routes as text, whatever their type says, and every
 * answer has an `x-request-id`.
 */
export function createHttpServer(options: {
  readonly logger: Logger;
  /** For a body that arrives as text. */
  readonly bodyLimitBytes: number;
  /** The time for a call to arrive. */
  readonly requestTimeoutMs: number;
  /** For one part of a path, in characters, each of which may take nine bytes on the wire. */
  readonly longestPathPart: number;
  /** There is no route at this path, or it can't be decoded. */
  readonly toNoRouteAnswer: (
    reason: 'notFound' | 'undecodable',
    headers: IncomingHttpHeaders,
  ) => ErrorAnswer;
  /** @param statusCode - 500 if nothing else is known about the error */
  readonly toAnswer: (error: Error, statusCode: number) => ErrorAnswer;
}): FastifyInstance {
  const { logger, toNoRouteAnswer, toAnswer } = options;
  const app = Fastify({
    bodyLimit: options.bodyLimitBytes,
    requestTimeout: options.requestTimeoutMs,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: options.longestPathPart },
    // A path that can't be decoded. This runs before all hooks, so the answer is built by hand.
    frameworkErrors: (_error, request, reply) => {
      const { httpStatus, body, headers } = toNoRouteAnswer('undecodable', request.headers);
      reply.hijack();
      reply.raw.writeHead(httpStatus, {
        'content-type': 'application/json; charset=utf-8',
        'x-request-id': createCallId(),
        ...headers,
      });
      reply.raw.end(JSON.stringify(body));
    },
  });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
    toBodyText(body),
  );

  app.addHook('onRequest', async (_request, reply) => {
    reply.header('x-request-id', createCallId());
  });
  app.setNotFoundHandler((request, reply) => {
    const { httpStatus, body, headers = {} } = toNoRouteAnswer('notFound', request.headers);
    return reply.code(httpStatus).headers(headers).send(body);
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const { httpStatus, body } = toAnswer(error, error.statusCode ?? 500);
    // The route and not the URL, which may contain a client's secret.
    const route = request.routeOptions.url;
    if (httpStatus >= 500) logger.error({ err: error, route }, 'a call failed');
    if (typeof body === 'string') reply.type('text/plain; charset=utf-8');
    return reply.code(httpStatus).send(body);
  });
  return app;
}

/** Give some routes a name for fastify's reports, which otherwise looks for one among all loaded modules. */
export function named(name: string, routes: FastifyPluginAsync): FastifyPluginAsync {
  return Object.assign(routes, { [Symbol.for('fastify.display-name')]: name });
}

/** A body that is not text. */
export class BodyNoTextError extends Error {
  override readonly name = 'BodyNoTextError';
  readonly statusCode = 400;
}

function toBodyText(body: Buffer): string {
  try {
    return toStrictText(body);
  } catch (cause) {
    throw new BodyNoTextError(`The body cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function createCallId(): string {
  return randomBytes(16).toString('hex');
}
