import type { GraphQLFormattedError } from 'graphql';
import {
  CloseCode,
  GRAPHQL_TRANSPORT_WS_PROTOCOL,
  type Message,
  MessageType,
  type PingMessage,
  parseMessage,
  type SubscribeMessage,
  stringifyMessage,
} from 'graphql-ws';
import type { WebSocket } from 'ws';
import { anonymous } from '../ingestion/caller.js';
import { TooManyOperationsError } from '../ingestion/gateway-error.js';
import { type Asker, toAsker } from './asker.js';
import type { Operations } from './operations.js';
import { type OperationHost, SocketOperation } from './socket-operation.js';

/** How long a client has to say `connection_init`. */
const INIT_TIMEOUT_MS = 3_000;

/**
 * So many bytes may wait for a slow client, beside what the kernel holds for it; then its subscriptions pause,
 * and go on with the log once it has taken them.
 */
const MAX_BUFFERED_BYTES = 64 * 1024;

/**
 * So many may wait before nothing more is read from the client, as it does not read itself: answers and pongs
 * would pile up. Its own pongs are not read either then, so that it is cut off where it goes on like that.
 */
const MAX_UNREAD_BYTES = 1024 * 1024;

/** Bytes would go as a binary frame. */
const AS_TEXT = { binary: false };

/**
 * One WebSocket, and the graphql-transport-ws protocol on it.
 *
 *     opened ──connection_init──▶ acknowledged ──▶ closed
 *        └────────a breach, or no word in time──────▲
 *
 * @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 */
export class SocketConnection implements OperationHost {
  #phase: 'opened' | 'acknowledged' | 'closed' = 'opened';
  #initTimer: NodeJS.Timeout | undefined;
  readonly #operations = new Map<string, SocketOperation>();

  constructor(
    private readonly socket: WebSocket,
    private readonly operations: Operations,
    private readonly maxOperations: number,
    /** Where the client is, as its limits are counted. */
    readonly addressKey: string,
  ) {
    if (socket.protocol !== GRAPHQL_TRANSPORT_WS_PROTOCOL) {
      this.close(CloseCode.SubprotocolNotAcceptable, 'Subprotocol not acceptable');
      return;
    }
    this.#initTimer = setTimeout(() => {
      this.close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout');
    }, INIT_TIMEOUT_MS);
  }

  /** Take what the client has sent. */
  receive(data: string): void {
    if (this.#phase === 'closed') return;
    const message = parse(data);
    switch (message?.type) {
      case MessageType.ConnectionInit:
        this.#acknowledge();
        break;
      case MessageType.Ping:
        this.#answerPing(message);
        break;
      case MessageType.Pong:
        break;
      case MessageType.Subscribe:
        this.#subscribe(message);
        break;
      case MessageType.Complete:
        this.#operations.get(message.id)?.callOff();
        break;
      // No message at all, or one that only servers send.
      default:
        this.close(CloseCode.BadRequest, 'Invalid message received');
    }
  }

  send(message: string | Buffer): Promise<void> | null {
    const { socket } = this;
    if (socket.readyState !== socket.OPEN) return null;
    if (socket.bufferedAmount < MAX_BUFFERED_BYTES) {
      socket.send(message, AS_TEXT);
      return null;
    }
    // Called when these bytes have left, and so all before them; or when they never will.
    return new Promise((resolve) => {
      socket.send(message, AS_TEXT, () => {
        resolve();
        this.#readOn();
      });
      this.#pauseIfUnread();
    });
  }

  /** Answer a ping of the WebSocket itself. */
  pong(data: Buffer): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    this.socket.pong(data, false, () => this.#readOn());
    this.#pauseIfUnread();
  }

  formatFailure(failure: unknown): readonly GraphQLFormattedError[] {
    return this.operations.formatFailure(failure);
  }

  release(id: string): void {
    this.#operations.delete(id);
  }

  close(code: number, reason: string): void {
    this.end();
    this.socket.close(code, reason);
  }

  /** Free everything at once: the socket is closed, or about to be. Safe to repeat. */
  end(): void {
    this.#phase = 'closed';
    clearTimeout(this.#initTimer);
    for (const operation of this.#operations.values()) operation.callOff();
  }

  #pauseIfUnread(): void {
    if (this.socket.bufferedAmount > MAX_UNREAD_BYTES) this.socket.pause();
  }

  #readOn(): void {
    const { socket } = this;
    if (socket.isPaused && socket.bufferedAmount <= MAX_UNREAD_BYTES) socket.resume();
  }

  #acknowledge(): void {
    if (this.#phase === 'acknowledged') {
      this.close(CloseCode.TooManyInitialisationRequests, 'Too many initialisation requests');
      return;
    }
    this.#phase = 'acknowledged';
    clearTimeout(this.#initTimer);
    this.#initTimer = undefined;
    void this.send(stringifyMessage({ type: MessageType.ConnectionAck }));
  }

  #answerPing({ payload }: PingMessage): void {
    void this.send(stringifyMessage({ type: MessageType.Pong, ...(payload && { payload }) }));
  }

  #subscribe({ id, payload }: SubscribeMessage): void {
    if (this.#phase !== 'acknowledged') {
      this.close(CloseCode.Unauthorized, 'Unauthorized');
      return;
    }
    if (this.#operations.has(id)) {
      // Without the id, which may be longer than a reason may be.
      this.close(CloseCode.SubscriberAlreadyExists, 'Subscriber already exists');
      return;
    }
    const operation = new SocketOperation(this, id);
    if (this.#operations.size >= this.maxOperations) {
      operation.fail(
        new TooManyOperationsError(
          `A socket may have at most ${this.maxOperations} operations under way. Wait for one, or complete one.`,
        ),
      );
      return;
    }
    this.#operations.set(id, operation);
    void start(this.operations, payload, toAsker(anonymous, this.addressKey), operation);
  }
}

async function start(
  operations: Operations,
  payload: SubscribeMessage['payload'],
  asker: Asker,
  operation: SocketOperation,
): Promise<void> {
  try {
    operation.runsAs(await operations.run(payload, asker, operation));
  } catch (error) {
    operation.fail(error);
  }
}

function parse(data: string): Message | null {
  try {
    return parseMessage(data);
  } catch {
    return null;
  }
}
