import { WebSocket } from 'ws';
import type { RequestRef } from '../../src/ingestion/ingestion-request.js';

/** A transition as a client got it. */
export interface Delivered {
  /** Null if the client did not ask for it. */
  readonly cursor: string | null;
  readonly from: string | null;
  readonly to: string;
  readonly info: string;
  readonly numRecords: number | null;
  readonly mappingId: string;
  readonly requestId: string;
}

/** What a follower is after: one request to its end, or everything that is new. */
export type Followed =
  | { readonly kind: 'request'; readonly ref: RequestRef }
  | { readonly kind: 'all' };

/** What a client follows, and what it got of it. */
export interface Following {
  readonly followed: Followed;
  /** All that it ever got, over however many connections. */
  readonly record: readonly Delivered[];
  /** Once the server says that the stream is over. */
  readonly completed: Promise<void>;
  /** Errors that the server answered with, other than those of a moment. */
  readonly refusals: readonly string[];
  /** Follow no further. */
  leave(): void;
}

/** A client that keeps its last cursor, and goes on behind it whenever its connection is gone. */
export interface Follower extends Following {
  /** How many connections it had, one after the other. */
  readonly connectionCount: number;
  /** How often a socket of it was open and subscribed when its client cut it. */
  readonly cutCount: number;
  /** How it stands, in words: for one that does not get what it is waiting for. */
  describe(): string;
  /** Cut the connection, without a goodbye. False where there is none. */
  cut(): boolean;
}

const fields = 'cursor from to info numRecords request { mappingId requestId }';
const requestQuery = `subscription Follow($mappingId: ID!, $requestId: ID!, $after: Cursor) {
  ingestionStatusChanged(mappingId: $mappingId, requestId: $requestId, after: $after) { ${fields} } }`;
const allQuery = `subscription Follow($after: Cursor) { ingestionActivity(after: $after) { ${fields} } }`;

/** Between a lost connection and the next try, in ms. */
const RETRY_MS = 20;

/** What a client gets while the upstream, or the way to it, has a bad moment. */
const upstreamTrouble = /UPSTREAM_|SHUTTING/;

type Event = Omit<Delivered, 'mappingId' | 'requestId'> & {
  readonly request: { readonly mappingId: string; readonly requestId: string };
};

interface Message {
  readonly type: string;
  readonly payload?:
    | { readonly data: Record<string, Event> | null; readonly errors?: unknown }
    | undefined;
}

/**
 * @param findUrl - where the gateway is now; null while it is down
 * @param passing - what of the errors that it may answer passes
 */
export function follow(
  followed: Followed,
  findUrl: () => string | null,
  passing = upstreamTrouble,
): Follower {
  const record: Delivered[] = [];
  const refusals: string[] = [];
  const completed = Promise.withResolvers<void>();
  let socket: WebSocket | null = null;
  let isSubscribed = false;
  let hasEnded = false;
  let connectionCount = 0;
  let cutCount = 0;
  let lastHeardAt = performance.now();

  function connect(): void {
    const url = findUrl();
    if (hasEnded) return;
    if (!url) {
      setTimeout(connect, RETRY_MS);
      return;
    }
    const opened = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    socket = opened;
    isSubscribed = false;
    const send = (message: unknown) => opened.send(JSON.stringify(message));
    opened.on('open', () => send({ type: 'connection_init' }));
    opened.on('message', (data) => {
      // What is still in the pipe of a socket that was cut is of no one.
      if (socket !== opened) return;
      lastHeardAt = performance.now();
      take(JSON.parse(String(data)) as Message, send);
    });
    opened.on('error', () => {});
    opened.on('close', () => {
      if (socket === opened) socket = null;
      setTimeout(connect, RETRY_MS);
    });
  }

  function take(message: Message, send: (message: unknown) => void): void {
    switch (message.type) {
      case 'connection_ack': {
        const after = record.at(-1)?.cursor ?? null;
        const variables = followed.kind === 'request' ? { ...followed.ref, after } : { after };
        const query = followed.kind === 'request' ? requestQuery : allQuery;
        send({ id: '1', type: 'subscribe', payload: { query, variables } });
        isSubscribed = true;
        connectionCount += 1;
        break;
      }
      case 'next': {
        const event = Object.values(message.payload?.data ?? {})[0];
        if (event) {
          const { request, ...rest } = event;
          record.push({ ...rest, ...request });
        } else {
          refuse(message.payload);
        }
        break;
      }
      case 'error':
        refuse(message.payload);
        break;
      case 'complete':
        hasEnded = true;
        socket?.close();
        completed.resolve();
        break;
    }
  }

  /** A moment’s trouble is tried again; anything else is a refusal. */
  function refuse(payload: unknown): void {
    const text = JSON.stringify(payload);
    if (!passing.test(text)) refusals.push(text);
    // What comes with it completes the refused subscription, and says nothing of the request.
    const refused = socket;
    socket = null;
    refused?.terminate();
  }

  connect();
  return {
    followed,
    record,
    completed: completed.promise,
    refusals,
    get connectionCount() {
      return connectionCount;
    },
    get cutCount() {
      return cutCount;
    },
    describe() {
      const connection = socket
        ? `${isSubscribed ? 'subscribed' : 'not subscribed'} over a socket to ${socket.url} in state ${socket.readyState}`
        : 'without a connection';
      const silentMs = Math.round(performance.now() - lastHeardAt);
      return `${record.length} transitions, the last of request ${record.at(-1)?.requestId}; ${connection}; nothing heard for ${silentMs} ms`;
    },
    cut() {
      if (!socket || !isSubscribed) return false;
      const cut = socket;
      socket = null;
      isSubscribed = false;
      cutCount += 1;
      cut.terminate();
      return true;
    },
    leave() {
      hasEnded = true;
      socket?.terminate();
    },
  };
}
