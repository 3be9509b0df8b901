import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { READING_MS } from './fair-timeouts.js';

/** How long a client may take to read an answer, in ms. */
export interface ReadingTimes {
  /** Without reading any of it. */
  readonly idleMs: number;
  /** For all of it, from when it is complete. */
  readonly wholeMs: number;
}

/** An answer that has not been read yet. */
interface UnreadAnswer {
  readonly socket: Socket;
  readonly sentAt: number;
  phase: 'new' | 'waiting' | 'late';
}

/** How often all of them are checked, in ms; more often if a client has less time than that. */
const LOOK_INTERVAL_MS = 2_000;

/** Answers over HTTP that their clients have not read yet. */
export type UnreadAnswers = ReturnType<typeof cutUnreadAnswers>;

/**
 * Close the connections of clients that don't read an answer in time: it would stay in memory, and keep a file open.
 *
 * Nearly all answers are read at once. So none gets a timer until a check finds it waiting.
 */
export function cutUnreadAnswers(server: FastifyInstance, { idleMs, wholeMs }: ReadingTimes) {
  const unread = new Map<ServerResponse, UnreadAnswer>();
  function add(raw: ServerResponse, socket: Socket): void {
    unread.set(raw, { socket, sentAt: performance.now(), phase: 'new' });
    raw.once('close', () => unread.delete(raw));
  }
  server.addHook('onSend', ({ raw: { socket } }, { raw }, _payload, done) => {
    add(raw, socket);
    done();
  });

  function look(raw: ServerResponse, answer: UnreadAnswer): void {
    const { socket, sentAt } = answer;
    // An answer that waits for an earlier one on its connection gets no event when the connection closes.
    if (socket.destroyed) {
      unread.delete(raw);
      return;
    }
    switch (answer.phase) {
      case 'new':
        answer.phase = 'waiting';
        raw.setTimeout(idleMs);
        // Before the server's own listener, which sets the timeout of an idle connection. Otherwise this timeout
        // would apply to the next pipelined request.
        raw.prependOnceListener('finish', () => raw.setTimeout(0));
        return;
      case 'waiting':
        if (performance.now() - sentAt < wholeMs) return;
        answer.phase = 'late';
        // A frozen process learns only after its timers what was read meanwhile.
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
    /** Watch an answer that was sent without the server's hooks. */
    add,
    /** How many of their bytes wait in this process. */
    get bytes() {
      let bytes = 0;
      for (const { writableLength } of unread.keys()) bytes += writableLength;
      return bytes;
    },
  };
}
