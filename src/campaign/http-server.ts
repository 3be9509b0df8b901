import { randomBytes } from 'node:crypto';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from '../adobe/logger.js';
import { toStrictText } from '../adobe/strict-text.js';
import { toWrongUriDenial } from './access.js';
import { sendCampaignError } from './ingestion-routes.js';

const BODY_LIMIT_BYTES = 64 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
/** Mapping ids are free text, and each of their characters may take nine on the wire. */
const LONGEST_PATH_PART = 2_000;

/**
 * Build an HTTP server that has no routes yet, and answers all that goes wrong as Adobe's would. Bodies
 * arrive at the routes as text, whatever they call themselves, and a GET may have one.
 */
export function createHttpServer(logger: Logger): FastifyInstance {
  const app = Fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: LONGEST_PATH_PART },
    // A path that cannot be decoded. It comes before all hooks, so that the answer is made by hand.
    frameworkErrors: (_error, _request, reply) => {
      const { httpStatus, body } = toWrongUriDenial(404);
      reply.hijack();
      reply.raw.writeHead(httpStatus, {
        'content-type': 'application/json; charset=utf-8',
        'x-request-id': createCallId(),
      });
      reply.raw.end(JSON.stringify(body));
    },
  });

  app.addHttpMethod('GET', { hasBody: true, overrideExisting: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
    toBodyText(body),
  );

  app.addHook('onRequest', async (_request, reply) => {
    reply.header('x-request-id', createCallId());
  });
  app.setNotFoundHandler((_request, reply) => {
    const { httpStatus, body } = toWrongUriDenial(404);
    return reply.code(httpStatus).send(body);
  });
  app.setErrorHandler((error: { statusCode?: number }, request, reply) => {
    const { statusCode = 500 } = error;
    // The route and not the URL, which may hold a client's secret.
    const route = request.routeOptions.url;
    if (statusCode >= 500) logger.error({ err: error, route }, 'a call failed');
    return sendCampaignError(reply, statusCode);
  });
  return app;
}

function toBodyText(body: Buffer): string {
  try {
    return toStrictText(body);
  } catch (cause) {
    const { message } = cause as Error;
    throw Object.assign(new Error(`The body cannot be read: ${message}`, { cause }), {
      statusCode: 400,
    });
  }
}

function createCallId(): string {
  return randomBytes(16).toString('hex');
}
