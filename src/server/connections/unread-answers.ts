import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
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

/** An answer that is not taken yet. */
interface UnreadAnswer {
  readonly socket: Socket;
  readonly sentAt: number;
  phase: 'new' | 'waiting' | 'late';
}

/** How often all of them are looked at, in ms; more often where a client has less time than that. */
const LOOK_INTERVAL_MS = 2_000;

/**
 * Cut the connections of clients that do not take an answer in time: it would stay in memory, and a file open.
 *
 * Nearly all answers are taken at once. So none has a timer until a look at all of them has found it waiting.
 */
export function cutUnreadAnswers(
  server: FastifyInstance,
  { idleMs, wholeMs }: ReadingTimes,
): UnreadAnswers {
  const unread = new Map<ServerResponse, UnreadAnswer>();
  server.addHook('onSend', ({ raw: { socket } }, { raw }, _payload, done) => {
    unread.set(raw, { socket, sentAt: performance.now(), phase: 'new' });
    raw.once('close', () => unread.delete(raw));
    done();
  });

  function look(raw: ServerResponse, answer: UnreadAnswer): void {
    const { socket, sentAt } = answer;
    // One that waits behind another on its connection is never told that it is closed.
    if (socket.destroyed) {
      unread.delete(raw);
      return;
    }
    switch (answer.phase) {
      case 'new':
        answer.phase = 'waiting';
        raw.setTimeout(idleMs);
        // Before the server's own listener, which sets the timeout of an idle connection. Without, the next request
        // of a pipeline would be worked on under this one.
        raw.prependOnceListener('finish', () => raw.setTimeout(0));
        return;
      case 'waiting':
        if (performance.now() - sentAt < wholeMs) return;
        answer.phase = 'late';
        // A process that was frozen hears only after its timers what was taken meanwhile.
        setTimeout(() => {
          if (unread.delete(raw)) socket.destroy();
        }, READING_MS);
        return;
      case 'late':
        return;
    }
  }

  const looking = setInterval(
    () => {
      for (const [raw, answer] of unread) look(raw, answer);
    },
    Math.min(LOOK_INTERVAL_MS, idleMs / 2, wholeMs / 2),
  ).unref();
  server.addHook('onClose', async () => clearInterval(looking));

  return {
    get bytes() {
      let bytes = 0;
      for (const { writableLength } of unread.keys()) bytes += writableLength;
      return bytes;
    },
  };
}
