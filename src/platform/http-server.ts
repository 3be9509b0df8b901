import { randomBytes } from 'node:crypto';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from '../adobe/logger.js';
import { toStrictText } from '../adobe/strict-text.js';
import { Problem } from './problem.js';

/** Of the bodies that are not files. In bytes. */
const BODY_LIMIT_BYTES = 1024 * 1024;
/** Long enough for the largest file over a slow line. */
const REQUEST_TIMEOUT_MS = 600_000;
/** Adobe's limit. In characters. */
const LONGEST_URL = 2_000;

/**
 * Build an HTTP server that has no routes yet. Files arrive at the routes as streams, everything else as
 * text, and a thrown {@link Problem} is answered with its envelope.
 */
export function createHttpServer(logger: Logger): FastifyInstance {
  const app = Fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: LONGEST_URL },
    // A path that cannot be decoded. It comes before all hooks, so that the answer is made by hand.
    frameworkErrors: (_error, _request, reply) => {
      const { httpStatus, body } = toAnswer(new Problem(400, 'The path cannot be decoded'));
      reply.hijack();
      reply.raw.writeHead(httpStatus, { 'content-type': 'application/json; charset=utf-8' });
      reply.raw.end(JSON.stringify(body));
    },
  });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/octet-stream',
    async (_request: unknown, body: unknown) => body,
  );
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
    toBodyText(body),
  );

  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', randomBytes(16).toString('hex'));
    if (request.url.length > LONGEST_URL) {
      throw new Problem(414, `The URL exceeds ${LONGEST_URL} characters`);
    }
  });
  app.setNotFoundHandler(() => {
    throw new Problem(404, 'There is nothing at this path');
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const { httpStatus, body } = toAnswer(error);
    // The route and not the URL, which may hold a client's secret.
    const route = request.routeOptions.url;
    if (httpStatus >= 500) logger.error({ err: error, route }, 'a call failed');
    return reply.code(httpStatus).send(body);
  });
  return app;
}

function toBodyText(body: Buffer): string {
  try {
    return toStrictText(body);
  } catch (error) {
    throw new Problem(400, `The body cannot be read: ${(error as Error).message}`);
  }
}

function toAnswer(error: Error & { statusCode?: number }) {
  const problem = error instanceof Problem ? error : toProblem(error.statusCode ?? 500);
  return { httpStatus: problem.httpStatus, body: problem.toBody() };
}

/** The framework's own refusals. */
function toProblem(statusCode: number): Problem {
  if (statusCode === 413) return new Problem(413, `The body exceeds ${BODY_LIMIT_BYTES} bytes`);
  if (statusCode < 500) return new Problem(400, 'The request cannot be read');
  return new Problem(500, 'The service failed');
}
