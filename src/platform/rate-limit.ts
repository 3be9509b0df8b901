import type { FastifyInstance } from 'fastify';
import type { Clock } from '../adobe/clock.js';

const WINDOW_MS = 60_000;

/**
 * Answer calls beyond this many in a minute with 429, and the seconds until the next minute begins. The first minute
 * begins with the first call.
 */
export function addRateLimit(app: FastifyInstance, maxCallsPerMinute: number, clock: Clock): void {
  let windowEndsAt = Number.NEGATIVE_INFINITY;
  let calls = 0;

  app.addHook('onRequest', async (_request, reply) => {
    const now = clock.monotonicMs();
    if (now >= windowEndsAt) {
      windowEndsAt = now + WINDOW_MS;
      calls = 0;
    }
    calls += 1;
    if (calls <= maxCallsPerMinute) return;
    reply.header('retry-after', Math.ceil((windowEndsAt - now) / 1_000));
    return reply.code(429).send({ error_code: '429050', message: 'Too many requests' });
  });
}
