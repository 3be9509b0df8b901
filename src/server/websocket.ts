import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { CloseCode, handleProtocols, makeServer } from 'graphql-ws';
import type { Logger } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Operations } from './operations.js';

/** Well below the 60 s after which proxies cut an idle connection. */
const PING_INTERVAL_MS = 20_000;

/** As large as an HTTP body may be. */
const MAX_FRAME_BYTES = 1024 * 1024;

/** graphql-ws clients come back after 1012 (Service Restart); after 1001 they would too, but at once. */
const SERVICE_RESTART = 1012;

/** Over how long sockets are closed on shutdown, so that their clients do not all come back together. */
const DRAIN_SPREAD_MS = 1_000;

export interface WebSocketOptions {
  readonly operations: Operations;
  readonly logger: Logger;
}

/** GraphQL over WebSocket: the graphql-transport-ws protocol. */
export interface GraphQLWebSockets {
  /** Take over an HTTP connection that asks to be upgraded. */
  upgrade(request: IncomingMessage, connection: Duplex, head: Buffer): void;
  /** How many sockets are open. */
  readonly socketCount: number;
  /** Close every socket with 1012, spread over a moment; resolves when all are closed. */
  drain(): Promise<void>;
}

export function createWebSockets({ operations, logger }: WebSocketOptions): GraphQLWebSockets {
  const webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    handleProtocols: (protocols) => handleProtocols(protocols),
  });
  const protocol = makeServer<Record<string, unknown>>({
    onSubscribe: (_context, _id, payload) => operations.prepare(payload),
    // Its errors are formatted already, which only onNext has to know.
    execute: operations.execute as never,
    subscribe: operations.subscribe,
    onNext: (_context, _id, _payload, _args, { data, errors }) => ({
      data: data ?? null,
      ...(errors && { errors: toFormatted(errors) }),
    }),
    onError: (_context, _id, _payload, errors) => [
      ...operations.formatErrors(errors as readonly GraphQLError[]),
    ],
  });

  /** An event's errors are graphql-js's; those of an answer have been formatted by Apollo Server. */
  function toFormatted(
    errors: readonly (GraphQLError | GraphQLFormattedError)[],
  ): readonly GraphQLFormattedError[] {
    return errors.flatMap((error) =>
      error instanceof GraphQLError ? operations.formatErrors([error]) : [error],
    );
  }

  webSockets.on('connection', (socket) => {
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        // Resolves once the bytes have left for the client: a subscription's next event waits for that. Bytes
        // that cannot leave are no fault: their client is gone, and the socket's end frees what it had.
        send: (text) =>
          new Promise((resolve) => {
            if (socket.readyState !== socket.OPEN) resolve();
            else socket.send(text, () => resolve());
          }),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (handle) => {
          socket.on('message', (data) => {
            handle(String(data)).catch((error: unknown) => {
              logger.error({ err: error }, 'A WebSocket message could not be handled');
              socket.close(CloseCode.InternalServerError, 'Internal server error');
            });
          });
        },
      },
      {},
    );
    const stopPings = keepAlive(socket);
    // A frame that breaks the protocol; the ws library closes the socket with the code for it.
    socket.on('error', (error) => logger.debug({ err: error }, 'A WebSocket broke the protocol'));
    socket.once('close', (code, reason) => {
      stopPings();
      closed(code, String(reason)).catch((error: unknown) => {
        logger.error({ err: error }, 'A WebSocket’s subscriptions could not be ended');
      });
    });
  });

  return {
    upgrade(request, connection, head) {
      webSockets.handleUpgrade(request, connection, head, (socket) => {
        webSockets.emit('connection', socket, request);
      });
    },
    get socketCount() {
      return webSockets.clients.size;
    },
    async drain() {
      const sockets = [...webSockets.clients];
      await Promise.all(
        sockets.map(async (socket, index) => {
          const delayMs = (index / sockets.length) * DRAIN_SPREAD_MS;
          await new Promise((resolve) => setTimeout(resolve, delayMs));
          await closeSocket(socket);
        }),
      );
    },
  };
}

/** Ping at an interval; a client that has not answered the last ping by the next is gone. */
function keepAlive(socket: WebSocket): () => void {
  let isAlive = true;
  socket.on('pong', () => {
    isAlive = true;
  });
  const timer = setInterval(() => {
    if (!isAlive) {
      socket.terminate();
      return;
    }
    isAlive = false;
    socket.ping();
  }, PING_INTERVAL_MS);
  return () => clearInterval(timer);
}

/** A client has this long to answer the close before its connection is cut. */
const CLOSE_TIMEOUT_MS = 2_000;

function closeSocket(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    if (socket.readyState === socket.CLOSED) socket.emit('close');
    else socket.close(SERVICE_RESTART, 'Service restart');
  });
}
