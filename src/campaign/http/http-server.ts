import type { FastifyInstance } from 'fastify';
import { createHttpServer } from '../../adobe/http-server.js';
import type { Logger } from '../../adobe/logger.js';
import { type AccessRules, denialOf, toWrongUriDenial } from './access.js';
import { CAMPAIGN_ERROR } from './protocol.js';

/**
 * Create Campaign's HTTP server. It answers all errors as Adobe's does, and a GET may have a body. A caller without
 * access does not learn whether there is anything at a path.
 */
export function createCampaignServer(logger: Logger, rules: AccessRules): FastifyInstance {
  const app = createHttpServer({
    logger,
    bodyLimitBytes: 64 * 1024,
    requestTimeoutMs: 10_000,
    // Mapping ids are free text.
    longestPathPart: 2_000,
    toNoRouteAnswer: (_reason, headers) => {
      const { httpStatus, body, retryAfterS } =
        denialOf(rules, headers, rules.organization, null) ?? toWrongUriDenial(404);
      return {
        httpStatus,
        body,
        headers: retryAfterS === null ? {} : { 'retry-after': retryAfterS },
      };
    },
    toAnswer: (_error, httpStatus) => ({ httpStatus, body: CAMPAIGN_ERROR }),
  });
  app.addHttpMethod('GET', { hasBody: true, overrideExisting: true });
  return app;
}
