import { once } from 'node:events';
import { WebSocket } from 'ws';

/** A received message of the graphql-transport-ws protocol. */
export interface SocketMessage {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

/** A WebSocket without a client library, which sends anything, valid or not. */
export interface RawSocket {
  readonly webSocket: WebSocket;
  /** Send a message as JSON, or a text or bytes unchanged. */
  send(message: SocketMessage | string | Buffer): void;
  /** The next unread message; rejects once the socket is closed and none is left. */
  next(): Promise<SocketMessage>;
  /** Resolves with the server's close code. */
  readonly closed: Promise<number>;
  /** Close it, and wait until it is closed. */
  close(): Promise<void>;
}

export interface RawSocketOptions {
  readonly protocol?: string | string[];
  /** Whether to send connection_init and wait for the acknowledgement. */
  readonly isGreeted?: boolean;
  /** The headers of the upgrade. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** @param url - the gateway's, such as `http://127.0.0.1:4000` */
export async function openSocket(
  url: string,
  { protocol = 'graphql-transport-ws', isGreeted = true, headers = {} }: RawSocketOptions = {},
): Promise<RawSocket> {
  const webSocket = new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, protocol, { headers });
  const arrived: SocketMessage[] = [];
  const takers: PromiseWithResolvers<SocketMessage>[] = [];
  webSocket.on('message', (data) => {
    const message = JSON.parse(String(data)) as SocketMessage;
    const taker = takers.shift();
    if (taker) taker.resolve(message);
    else arrived.push(message);
  });
  const { promise: closed, resolve } = Promise.withResolvers<number>();
  webSocket.on('close', (code) => {
    resolve(code);
    for (const taker of takers.splice(0)) taker.reject(new Error(`closed with ${code}`));
  });
  // Once it has opened, `close` reports what breaks the connection.
  await once(webSocket, 'open');
  webSocket.on('error', () => {});

  const socket: RawSocket = {
    webSocket,
    closed,
    send(message) {
      const isRaw = typeof message === 'string' || Buffer.isBuffer(message);
      webSocket.send(isRaw ? message : JSON.stringify(message));
    },
    async next() {
      const message = arrived.shift();
      if (message) return message;
      if (webSocket.readyState === webSocket.CLOSED) throw new Error('closed');
      const taker = Promise.withResolvers<SocketMessage>();
      takers.push(taker);
      return taker.promise;
    },
    async close() {
      webSocket.close();
      await closed;
    },
  };
  if (isGreeted) {
    socket.send({ type: 'connection_init' });
    await socket.next();
  }
  return socket;
}

/** The one result or error of a query, mutation or failed subscription over a socket. */
export async function askSocket(
  socket: RawSocket,
  payload: unknown,
): Promise<{ data?: unknown; errors?: unknown }> {
  const id = crypto.randomUUID();
  socket.send({ type: 'subscribe', id, payload });
  for (;;) {
    const message = await socket.next();
    if (message.id !== id) continue;
    if (message.type === 'error') return { errors: message.payload };
    if (message.type !== 'next') throw new Error(`A ${message.type} came in place of an answer.`);
    const completed = await socket.next();
    if (completed.type !== 'complete') throw new Error('More than one answer came.');
    return message.payload as { data?: unknown; errors?: unknown };
  }
}
