import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { READING_MS } from './fair-timeouts.js';

/** How long a client may take over an answer, in ms. */
export interface ReadingTimes {
  /** Without taking anything of it. */
  readonly idleMs: number;
  /** For the whole of it, from when it is there. */
  readonly wholeMs: number;
}

/** Answers over HTTP that their clients have not taken yet. */
export interface UnreadAnswers {
  /** How many bytes of them wait in this process. */
  readonly bytes: number;
}

/** Cut the connections of clients that do not take an answer in time: it would stay in memory, and a file open. */
export function cutUnreadAnswers(
  server: FastifyInstance,
  { idleMs, wholeMs }: ReadingTimes,
): UnreadAnswers {
  const unread = new Set<ServerResponse>();
  server.addHook('onSend', async ({ raw: { socket } }, { raw }) => {
    raw.setTimeout(idleMs);
    // Before the server's own listener, which sets the timeout of an idle connection. Without, the next request
    // of a pipeline would be worked on under this one.
    raw.prependOnceListener('finish', () => raw.setTimeout(0));

    const forget = () => {
      clearTimeout(timer);
      unread.delete(raw);
    };
    const cut = () => {
      socket.destroy();
      // One that waits behind another on its connection is never told that it is closed.
      forget();
    };
    // A process that was frozen hears only after its timers what was taken meanwhile.
    let timer = setTimeout(() => {
      timer = setTimeout(cut, READING_MS);
    }, wholeMs);
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
