import type { FastifyInstance } from 'fastify';
import { BodyNoTextError, createHttpServer } from '../adobe/http-server.js';
import type { Logger } from '../adobe/logger.js';
import { type AccessRules, denialOf } from './access.js';
import { Problem } from './problem.js';

/** For bodies that are not files. */
const BODY_LIMIT_BYTES = 1024 * 1024;
/** Adobe's limit. In characters. */
const LONGEST_URL = 2_000;

/**
 * Create the receiver's HTTP server. Files arrive at the routes as streams, and a thrown {@link Problem} is answered
 * with its envelope. A caller without access does not learn whether there is anything at a path.
 */
export function createPlatformServer(logger: Logger, rules: AccessRules): FastifyInstance {
  const app = createHttpServer({
    logger,
    bodyLimitBytes: BODY_LIMIT_BYTES,
    // Long enough for the largest file over a slow line.
    requestTimeoutMs: 600_000,
    longestPathPart: LONGEST_URL,
    toNoRouteAnswer: (reason, headers) =>
      denialOf(rules, headers) ??
      toAnswer(
        reason === 'notFound'
          ? new Problem(404, 'There is nothing at this path')
          : new Problem(400, 'The path cannot be decoded'),
      ),
    toAnswer: (error, statusCode) => toAnswer(toProblem(error, statusCode)),
  });
  app.addContentTypeParser(
    ['application/octet-stream', 'multipart/form-data'],
    async (_request: unknown, body: unknown) => body,
  );
  app.addHook('onRequest', async (request) => {
    if (request.url.length > LONGEST_URL) {
      throw new Problem(414, `The URL exceeds ${LONGEST_URL} characters`);
    }
  });
  return app;
}

function toAnswer(problem: Problem) {
  return { httpStatus: problem.httpStatus, body: problem.toBody() };
}

function toProblem(error: Error, statusCode: number): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof BodyNoTextError) return new Problem(400, error.message);
  if (statusCode === 413) return new Problem(413, `The body exceeds ${BODY_LIMIT_BYTES} bytes`);
  if (statusCode < 500) return new Problem(400, 'The request cannot be read');
  return new Problem(500, 'The service failed');
}
