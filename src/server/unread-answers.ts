import type { FastifyInstance } from 'fastify';

/** An answer of which the client takes nothing for so long is given up, with its connection. */
const UNREAD_TIMEOUT_MS = 20_000;

/** Cut connections whose clients ask, and then do not read what they are answered. */
export function cutUnreadAnswers(server: FastifyInstance): void {
  server.addHook('onSend', async (_request, { raw }) => {
    raw.setTimeout(UNREAD_TIMEOUT_MS);
    // Before the server's own listener, which sets the timeout of an idle connection. Without, the next request
    // of a pipeline would be worked on under this one.
    raw.prependOnceListener('finish', () => raw.setTimeout(0));
  });
}
