import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, handleProtocols } from 'graphql-ws';
import type { Logger } from 'pino';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../ingestion/ports.js';
import type { Operations } from './operations.js';
import type { SignIn } from './sign-in.js';
import { SocketConnection } from './socket-connection.js';
import { startPings } from './socket-pings.js';

/** As large as an HTTP body may be. */
const MAX_FRAME_BYTES = 1024 * 1024;

/** graphql-ws clients come back after 1012 (Service Restart); after 1001 they would too, but at once. */
const SERVICE_RESTART = 1012;

/** Over how long sockets are closed on shutdown, so that their clients do not all come back together. */
const DRAIN_SPREAD_MS = 1_000;

/** A client has this long to answer the close before its connection is cut. */
const CLOSE_TIMEOUT_MS = 2_000;

export interface WebSocketOptions {
  readonly operations: Operations;
  readonly signIn: SignIn;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** GraphQL over WebSocket: the graphql-transport-ws protocol. */
export interface GraphQLWebSockets {
  /** Take over an HTTP connection that asks to be upgraded. */
  upgrade(request: IncomingMessage, connection: Duplex, head: Buffer): void;
  /** How many sockets are open. */
  readonly socketCount: number;
  /** How many bytes wait for clients that do not take them. */
  readonly bufferedBytes: number;
  /** Close every socket with 1012, spread over a moment; resolves when all are closed. */
  drain(): Promise<void>;
}

export function createWebSockets({
  operations,
  signIn,
  clock,
  logger,
}: WebSocketOptions): GraphQLWebSockets {
  const webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    // What is shared by all subscribers would be deflated for each, with a window of memory for each.
    perMessageDeflate: false,
    handleProtocols: (protocols) => handleProtocols(protocols),
  });
  const callers = { signIn, clock };
  const connections = new WeakMap<WebSocket, SocketConnection>();
  const pings = startPings(webSockets.clients);

  // One listener of each kind for all sockets, not closures of each; and nothing keeps the upgrade request.
  async function onMessage(this: WebSocket, data: RawData): Promise<void> {
    try {
      await connections.get(this)?.receive(String(data));
    } catch (error) {
      logger.error({ err: error }, 'A WebSocket message could not be handled');
      connections.get(this)?.close(CloseCode.InternalServerError, 'Internal server error');
    }
  }
  function onPong(this: WebSocket): void {
    pings.answered(this);
  }
  function onClose(this: WebSocket): void {
    connections.get(this)?.end();
  }
  /** A frame that breaks the protocol; the ws library closes the socket with the code for it. */
  function onError(error: Error): void {
    logger.debug({ err: error }, 'A WebSocket broke the protocol');
  }

  function open(socket: WebSocket, authorization: string | undefined): void {
    const connection = new SocketConnection(socket, operations, callers, authorization);
    connections.set(socket, connection);
    socket.on('message', onMessage);
    socket.on('pong', onPong);
    socket.on('error', onError);
    socket.once('close', onClose);
  }

  async function closeForRestart(socket: WebSocket): Promise<void> {
    const closed = new Promise((resolve) => socket.once('close', resolve));
    connections.get(socket)?.close(SERVICE_RESTART, 'Service restart');
    const timer = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
    if (socket.readyState !== socket.CLOSED) await closed;
    clearTimeout(timer);
  }

  let isDraining = false;

  return {
    upgrade(request, connection, head) {
      // Over a connection that was open before: the server accepts no new ones any more.
      if (isDraining) {
        connection.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n');
        return;
      }
      const { authorization } = request.headers;
      webSockets.handleUpgrade(request, connection, head, (socket) => open(socket, authorization));
    },
    get socketCount() {
      return webSockets.clients.size;
    },
    get bufferedBytes() {
      let bytes = 0;
      for (const { bufferedAmount } of webSockets.clients) bytes += bufferedAmount;
      return bytes;
    },
    async drain() {
      isDraining = true;
      const sockets = [...webSockets.clients];
      await Promise.all(
        sockets.map(async (socket, index) => {
          const delayMs = (index / sockets.length) * DRAIN_SPREAD_MS;
          await new Promise((resolve) => setTimeout(resolve, delayMs));
          await closeForRestart(socket);
        }),
      );
      pings.stop();
    },
  };
}
