import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import {
  CloseCode,
  type CompleteMessage,
  type ConnectionInitMessage,
  handleProtocols,
  MessageType,
  makeServer,
  type PingMessage,
  type PongMessage,
  parseMessage,
  type SubscribeMessage,
} from 'graphql-ws';
import type { Logger } from 'pino';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { OperationIds } from './operation-ids.js';
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
      // Left out where nothing was executed, as over HTTP.
      ...(data !== undefined && { data }),
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
    const ids = new OperationIds();
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (text) => send(socket, ids.toClient(text)),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (handle) => {
          socket.on('message', (data) => {
            // What comes behind the message that closed the socket is not carried out: no answer would arrive.
            if (!isOpen(socket)) return;
            const message = receive(data, ids);
            if ('closeCode' in message) {
              socket.close(message.closeCode, message.reason);
              return;
            }
            // A message that is parsed already is taken as well, if not by the type.
            handle(message as unknown as string).catch((error: unknown) => {
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

  let isDraining = false;

  return {
    upgrade(request, connection, head) {
      // Over a connection that was open before: the server accepts no new ones any more.
      if (isDraining) {
        connection.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n');
        return;
      }
      webSockets.handleUpgrade(request, connection, head, (socket) => {
        webSockets.emit('connection', socket, request);
      });
    },
    get socketCount() {
      return webSockets.clients.size;
    },
    async drain() {
      isDraining = true;
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

type ClientMessage =
  | ConnectionInitMessage
  | PingMessage
  | PongMessage
  | SubscribeMessage
  | CompleteMessage;

/** A message of a client with our id in place of its own, or what the socket must be closed with. */
function receive(
  data: RawData,
  ids: OperationIds,
): ClientMessage | { readonly closeCode: CloseCode; readonly reason: string } {
  const message = parseClientMessage(String(data));
  if (!message) return { closeCode: CloseCode.BadRequest, reason: 'Invalid message received' };
  switch (message.type) {
    case MessageType.Subscribe:
      return (
        ids.begin(message) ?? {
          closeCode: CloseCode.SubscriberAlreadyExists,
          // Without the id, which may be longer than a reason may be.
          reason: 'Subscriber already exists',
        }
      );
    case MessageType.Complete:
      // One that has ended here meanwhile is as unknown to graphql-ws by its own id.
      return { ...message, id: ids.end(message.id) ?? UNKNOWN_ID };
    default:
      return message;
  }
}

/** No operation has it: ours are counted from 1. */
const UNKNOWN_ID = '0';

/** @returns null where it is no message that a client may send */
function parseClientMessage(text: string): ClientMessage | null {
  try {
    const message = parseMessage(text);
    switch (message.type) {
      case MessageType.ConnectionInit:
      case MessageType.Ping:
      case MessageType.Pong:
      case MessageType.Subscribe:
      case MessageType.Complete:
        return message;
      default:
        return null;
    }
  } catch {
    return null;
  }
}

/**
 * Resolves once the bytes have left for the client: a subscription's next event waits for that. Bytes that
 * cannot leave are no fault: their client is gone, and the socket's end frees what it had.
 *
 * @param text - null for nothing
 */
function send(socket: WebSocket, text: string | null): Promise<void> {
  if (text === null || !isOpen(socket)) return Promise.resolve();
  return new Promise((resolve) => {
    socket.send(text, () => resolve());
  });
}

function isOpen(socket: WebSocket): boolean {
  return socket.readyState === socket.OPEN;
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
