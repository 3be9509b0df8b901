import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { GRAPHQL_TRANSPORT_WS_PROTOCOL, MessageType } from 'graphql-ws';
import { QUERY } from './example.js';
import { FrameCounter } from './frame-counter.js';

/**
 * The subscribers of all contestants, in a separate process: bare TCP sockets that count frames, so that the servers
 * are measured. Each subscribes with its own id, as graphql-ws clients do.
 */

/** Orders to the clients, over the channel to the parent process. */
export type Order =
  | {
      readonly kind: 'connect';
      readonly port: number;
      readonly count: number;
      readonly speaksGraphQL: boolean;
    }
  | { readonly kind: 'expect'; readonly port: number; readonly messages: number };

/** An order is done: when, in ns of the machine's monotonic clock, and what arrived meanwhile. */
export interface Done {
  readonly doneAtNs: bigint;
  readonly bytes: number;
}

/** How many sockets connect at a time: more would only wait in the server's backlog. */
const CONNECT_AT_A_TIME = 200;

const OPCODE_TEXT = 1;
const OPCODE_PONG = 10;

/** What arrived from one contestant. */
interface Tally {
  messages: number;
  bytes: number;
  expected: number;
  onComplete: () => void;
}

const tallies = new Map<number, Tally>();

process.on('message', async (order: Order) => {
  const tally = tallies.get(order.port) ?? newTally();
  tallies.set(order.port, tally);
  switch (order.kind) {
    case 'connect':
      for (let left = order.count; left > 0; left -= CONNECT_AT_A_TIME) {
        const batch = Array.from({ length: Math.min(left, CONNECT_AT_A_TIME) }, () =>
          subscribe(order.port, order.speaksGraphQL, tally),
        );
        await Promise.all(batch);
      }
      report(0);
      break;
    case 'expect':
      tally.messages = 0;
      tally.bytes = 0;
      tally.expected = order.messages;
      tally.onComplete = () => report(tally.bytes);
      process.send?.('ready');
      restBetweenReads(tally);
      break;
  }
});
process.once('disconnect', () => process.exit());

function newTally(): Tally {
  return { messages: 0, bytes: 0, expected: Number.POSITIVE_INFINITY, onComplete: () => {} };
}

/** In ms. Far less than a round takes, and enough for several messages to arrive at each socket. */
const REST_MS = 50;
const neverWoken = new Int32Array(new SharedArrayBuffer(4));

/**
 * Read rarely, and then several messages at once. Reading each separately takes longer than a server needs to send
 * it, so the clients would be measured.
 */
function restBetweenReads(tally: Tally): void {
  if (tally.messages >= tally.expected) return;
  Atomics.wait(neverWoken, 0, 0, REST_MS);
  setImmediate(() => restBetweenReads(tally));
}

function report(bytes: number): void {
  const done: Done = { doneAtNs: process.hrtime.bigint(), bytes };
  process.send?.(done);
}

/** One buffer for all, because its content is handled before the next read. */
const readBuffer = Buffer.alloc(64 * 1024);

/** Resolves once it has subscribed; with GraphQL, once the server has acknowledged the connection. */
function subscribe(port: number, speaksGraphQL: boolean, tally: Tally): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let phase: 'upgrading' | 'opened' | 'subscribed' = 'upgrading';
  let head = '';
  const frames = new FrameCounter(onText, () => socket.write(toFrame(OPCODE_PONG, '')));
  const socket: Socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: {
      buffer: readBuffer,
      callback(byteCount, buffer) {
        const bytes = buffer.subarray(0, byteCount);
        if (phase === 'upgrading') upgrade(bytes);
        else {
          tally.bytes += byteCount;
          frames.take(bytes);
        }
        return true;
      },
    },
  });
  socket.once('error', reject);
  socket.once('close', () => reject(new Error('A server has closed a socket.')));
  socket.write(
    [
      'GET /graphql HTTP/1.1',
      'Host: 127.0.0.1',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      'Sec-WebSocket-Version: 13',
      ...(speaksGraphQL ? [`Sec-WebSocket-Protocol: ${GRAPHQL_TRANSPORT_WS_PROTOCOL}`] : []),
      '\r\n',
    ].join('\r\n'),
  );

  function upgrade(bytes: Uint8Array): void {
    head += Buffer.from(bytes).toString('latin1');
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    if (!head.startsWith('HTTP/1.1 101')) {
      reject(new Error(head.slice(0, 200)));
      return;
    }
    const rest = Buffer.from(head.slice(end + 4), 'latin1');
    head = '';
    if (speaksGraphQL) {
      phase = 'opened';
      socket.write(toFrame(OPCODE_TEXT, JSON.stringify({ type: MessageType.ConnectionInit })));
    } else {
      phase = 'subscribed';
      resolve();
    }
    frames.take(rest);
  }

  function onText(): void {
    if (phase === 'subscribed') {
      tally.messages += 1;
      if (tally.messages === tally.expected) tally.onComplete();
      return;
    }
    phase = 'subscribed';
    const id = crypto.randomUUID();
    const message = { id, type: MessageType.Subscribe, payload: { query: QUERY } };
    socket.write(toFrame(OPCODE_TEXT, JSON.stringify(message)));
    resolve();
  }
  return promise;
}

/** A client's frame, masked with zeros, which is allowed and costs nothing. */
function toFrame(opcode: number, text: string): Buffer {
  const payload = Buffer.from(text);
  const length =
    payload.length < 126 ? [payload.length] : [126, payload.length >> 8, payload.length & 255];
  const [first = 0, ...more] = length;
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | first, ...more, 0, 0, 0, 0]), payload]);
}
