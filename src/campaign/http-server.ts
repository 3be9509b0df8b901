import type { FastifyInstance } from 'fastify';
import { createHttpServer } from '../adobe/http-server.js';
import type { Logger } from '../adobe/logger.js';
import { toWrongUriDenial } from './access.js';
import { CAMPAIGN_ERROR } from './protocol.js';

/** Build Campaign's HTTP server: it answers all that goes wrong as Adobe's would, and a GET may have a body. */
export function createCampaignServer(logger: Logger): FastifyInstance {
  const app = createHttpServer({
    logger,
    bodyLimitBytes: 64 * 1024,
    requestTimeoutMs: 10_000,
    // Mapping ids are free text.
    longestPathPart: 2_000,
    toNoRouteAnswer: () => toWrongUriDenial(404),
    toAnswer: (_error, httpStatus) => ({ httpStatus, body: CAMPAIGN_ERROR }),
  });
  app.addHttpMethod('GET', { hasBody: true, overrideExisting: true });
  return app;
}
