import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** Answers over HTTP that their clients have not taken yet. */
export interface UnreadAnswers {
  /** How many bytes of them wait in this process. */
  readonly bytes: number;
}

/**
 * Cut the connections of clients that do not take an answer in time: it would stay in memory, and a file open.
 *
 * @param timeoutMs - for a whole answer, from when it is there
 */
export function cutUnreadAnswers(server: FastifyInstance, timeoutMs: number): UnreadAnswers {
  const unread = new Set<ServerResponse>();
  server.addHook('onSend', async ({ raw: { socket } }, { raw }) => {
    const forget = () => {
      clearTimeout(timer);
      unread.delete(raw);
    };
    const timer = setTimeout(() => {
      socket.destroy();
      // One that waits behind another on its connection is never told that it is closed.
      forget();
    }, timeoutMs);
    unread.add(raw);
    raw.once('close', forget);
  });
  return {
    get bytes() {
      let bytes = 0;
      for (const { writableLength } of unread) bytes += writableLength;
      return bytes;
    },
  };
}
