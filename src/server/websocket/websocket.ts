import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { CloseCode, handleProtocols } from 'graphql-ws';
import type { Logger } from 'pino';
import { type RawData, type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { toAddressKey } from '../admission/caller-key.js';
import type { ClientAddress } from '../admission/client-address.js';
import { refuseConnection } from '../admission/http-refusal.js';
import { type Refusal, type RequestCheck, shuttingDown } from '../admission/refusal.js';
import { startPings } from '../connections/socket-pings.js';
import { closeSpread } from '../connections/spread.js';
import {
  SERVICE_RESTART,
  type SocketClient,
  SocketConnection,
  type SocketServices,
} from './socket-connection.js';

/** How often Sluice pings: well below the 60 s after which proxies cut an idle connection. */
const PING_INTERVAL_MS = 20_000;

/** How long a client has to answer a close before its connection is cut. */
const CLOSE_TIMEOUT_MS = 2_000;

/** GraphQL over WebSocket: the graphql-transport-ws protocol. */
export type GraphQLWebSockets = ReturnType<typeof createWebSockets>;

/** Speak graphql-transport-ws on the connections that are handed over. */
export function createWebSockets({
  services,
  maxFrameBytes,
  addressOf,
  check,
  onRefused,
  logger,
}: {
  readonly services: SocketServices;
  /** For a frame. */
  readonly maxFrameBytes: number;
  readonly addressOf: ClientAddress;
  /** Whether the request to upgrade may come from its origin. */
  readonly check: RequestCheck;
  /** Called for each refused request to upgrade. */
  readonly onRefused: (refusal: Refusal, request: IncomingMessage) => void;
  readonly logger: Logger;
}) {
  const options: ServerOptions & { closeTimeout: number } = {
    noServer: true,
    maxPayload: maxFrameBytes,
    // Messages that all subscribers share would be compressed for each, with memory for each.
    perMessageDeflate: false,
    // The connection answers pings, because it sees whether the client reads the answers.
    autoPong: false,
    closeTimeout: CLOSE_TIMEOUT_MS,
    handleProtocols: (protocols) => handleProtocols(protocols),
  };
  const webSockets = new WebSocketServer(options);
  services.signIn.onRevoked((callers) => {
    for (const socket of webSockets.clients) connections.get(socket)?.revoke(callers);
  });
  const connections = new WeakMap<WebSocket, SocketConnection>();
  const pings = startPings(webSockets.clients, services.clock, PING_INTERVAL_MS);

  // One listener of each kind for all sockets, instead of closures for each. Nothing keeps the upgrade request.
  async function onMessage(this: WebSocket, data: RawData): Promise<void> {
    pings.heard(this);
    try {
      await connections.get(this)?.receive(data as Buffer);
    } catch (error) {
      logger.error({ err: error }, 'A WebSocket message could not be handled');
      connections.get(this)?.close(CloseCode.InternalServerError, 'Internal server error');
    }
  }
  function onPing(this: WebSocket, data: Buffer): void {
    pings.heard(this);
    connections.get(this)?.pong(data);
  }
  function onPong(this: WebSocket): void {
    pings.heard(this);
  }
  function onClose(this: WebSocket): void {
    connections.get(this)?.leave();
  }
  /** A frame that breaks the protocol. The ws library closes the socket with the appropriate code. */
  function onError(error: Error): void {
    logger.debug({ err: error }, 'A WebSocket broke the protocol');
    // One of the library's codes, which it has for every fault of the client.
    const { code } = error as { code?: string };
    if (code?.startsWith('WS_ERR_'))
      services.reportRefusal({ transport: 'websocket', code, message: error.message });
  }

  function open(socket: WebSocket, client: SocketClient): void {
    const connection = new SocketConnection(socket, services, client);
    connections.set(socket, connection);
    socket.on('message', onMessage);
    socket.on('ping', onPing);
    socket.on('pong', onPong);
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  async function closeForRestart(socket: WebSocket, delayMs: number): Promise<void> {
    if (socket.readyState === socket.CLOSED) return;
    const connection = connections.get(socket);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    // It may be closed, or cut, before its operations are answered.
    await Promise.race([closed, Promise.all([connection?.finish(), setTimeout(delayMs)])]);
    connection?.close(SERVICE_RESTART, 'Service restart');
    await closed;
  }

  let isDraining = false;

  /** Why a socket is refused; null if it may open. */
  function refusalOf(request: IncomingMessage, addressKey: string): Refusal | null {
    // On a connection that was open before: the server no longer accepts new ones.
    if (isDraining) return shuttingDown;
    return check(request) ?? services.quota.refusal(addressKey);
  }

  function refuse(refusal: Refusal, request: IncomingMessage, connection: Duplex): void {
    onRefused(refusal, request);
    refuseConnection(connection, refusal);
  }
  // No WebSocket handshake. Without a listener the library would send an answer in its own form.
  webSockets.on('wsClientError', ({ message }, connection, request) =>
    refuse({ status: 400, code: 'BAD_REQUEST', message: `${message}.` }, request, connection),
  );

  return {
    /** Take over an HTTP connection that asks to be upgraded, or refuse it with an HTTP status. */
    upgrade(request: IncomingMessage, connection: Duplex, head: Buffer): void {
      const addressKey = toAddressKey(addressOf(request));
      const refusal = refusalOf(request, addressKey);
      if (refusal) {
        refuse(refusal, request, connection);
        return;
      }
      const { authorization } = request.headers;
      const client = { addressKey, authorization };
      webSockets.handleUpgrade(request, connection, head, (socket) => open(socket, client));
    },
    /** The number of open sockets. */
    get socketCount() {
      return webSockets.clients.size;
    },
    /** How many bytes are queued for slow clients. */
    get bufferedBytes() {
      let bytes = 0;
      for (const { bufferedAmount } of webSockets.clients) bytes += bufferedAmount;
      return bytes;
    },
    /**
     * Accept no new operation, answer those in progress, and close every socket with 1012, spread over a moment;
     * resolves when all are closed.
     */
    async drain(): Promise<void> {
      isDraining = true;
      await closeSpread([...webSockets.clients], closeForRestart);
      pings.stop();
    },
  };
}
