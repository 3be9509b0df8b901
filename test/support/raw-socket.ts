import { once } from 'node:events';
import { WebSocket } from 'ws';

/** A message of the graphql-transport-ws protocol, as it came. */
export interface SocketMessage {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

/** A WebSocket without a client library: it sends what it is told to, sense or nonsense. */
export interface RawSocket {
  readonly webSocket: WebSocket;
  /** Send a message as JSON, or a text or bytes as they are. */
  send(message: SocketMessage | string | Buffer): void;
  /** The next message that was not taken yet; rejects once the socket is closed and none is left. */
  next(): Promise<SocketMessage>;
  /** Resolves with the code that the server closed it with. */
  readonly closed: Promise<number>;
  /** Close it, and wait until it is closed. */
  close(): Promise<void>;
}

export interface RawSocketOptions {
  readonly protocol?: string | string[];
  /** Whether to say hello and wait for the answer. */
  readonly isGreeted?: boolean;
  /** Of the request that is upgraded. */
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
  // Opened before: what breaks the connection later is told by its close.
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

/** What a query, mutation or failed subscription is answered over a socket: its one result or error. */
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
