import type { FastifyInstance } from 'fastify';

/**
 * Cut connections whose clients ask, and then do not read what they are answered.
 *
 * @param timeoutMs - for how long nothing of an answer may be taken
 */
export function cutUnreadAnswers(server: FastifyInstance, timeoutMs: number): void {
  server.addHook('onSend', async (_request, { raw }) => {
    raw.setTimeout(timeoutMs);
    // Before the server's own listener, which sets the timeout of an idle connection. Without, the next request
    // of a pipeline would be worked on under this one.
    raw.prependOnceListener('finish', () => raw.setTimeout(0));
  });
}
