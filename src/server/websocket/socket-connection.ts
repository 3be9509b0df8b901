import type { GraphQLFormattedError } from 'graphql';
import {
  CloseCode,
  type ConnectionInitMessage,
  GRAPHQL_TRANSPORT_WS_PROTOCOL,
  type Message,
  MessageType,
  type PingMessage,
  parseMessage,
  type SubscribeMessage,
  stringifyMessage,
} from 'graphql-ws';
import type { WebSocket } from 'ws';
import type { Caller } from '../../ingestion/caller.js';
import { ShuttingDownError, TooManyOperationsError } from '../../ingestion/gateway-error.js';
import type { Clock } from '../../ingestion/ports.js';
import type { Arrival } from '../../resolvers/operation-context.js';
import type { RefusalReporter } from '../admission/refusal-log.js';
import { toStrictText } from '../admission/strict-text.js';
import { READING_MS } from '../connections/fair-timeouts.js';
import { type Reading, Turns } from '../connections/turns.js';
import { isNestedTooDeep } from '../limits/nesting.js';
import type { SocketQuota } from '../limits/socket-quota.js';
import {
  ClientOperation,
  type OperationFrames,
  type OperationHost,
} from '../operations/client-operation.js';
import type { OperationResult, Operations } from '../operations/operations.js';
import { type Client, toClient } from '../sign-in/client.js';
import { onceExpired } from '../sign-in/expiry.js';
import type { SignIn } from '../sign-in/sign-in.js';
import {
  EXPIRED,
  REVOKED,
  type SocketClose,
  TOO_MANY_REQUESTS,
  toAuthorization,
  toClose,
} from './socket-sign-in.js';

/** How long a client has to send `connection_init`. */
const INIT_TIMEOUT_MS = 3_000;

/**
 * How many bytes may be queued for a slow client, besides those in the kernel, before its subscriptions pause. They
 * continue from the log once the client has read them.
 */
const MAX_BUFFERED_BYTES = 64 * 1024;

/**
 * How many bytes may be queued before Sluice stops reading from a client that does not read, because answers and
 * pongs would pile up. The client's own pongs are then not read either, so it is cut off if this continues.
 */
const MAX_UNREAD_BYTES = 1024 * 1024;

/** graphql-ws clients reconnect after 1012 (Service Restart); after 1001 they would too, but at once. */
export const SERVICE_RESTART = 1012;
/** The maximum length of an operation's id, which each of its results repeats. */
const MAX_ID_LENGTH = 1024;

const overSocket: Arrival = { transport: 'websocket', lastEventId: null };

/** Bytes would otherwise be sent as a binary frame. */
const AS_TEXT = { binary: false };

const TOO_MANY_SOCKETS: SocketClose = { code: TOO_MANY_REQUESTS, reason: 'Too many sockets' };

/** What all sockets share. */
export interface SocketServices {
  readonly operations: Operations;
  readonly signIn: SignIn;
  readonly clock: Clock;
  readonly quota: SocketQuota;
  readonly reportRefusal: RefusalReporter;
  /** How many operations may be in progress on one socket. */
  readonly maxOperations: number;
}

/** What the upgrade request says about a client. */
export interface SocketClient {
  /** Where it is, as limits count it. */
  readonly addressKey: string;
  /** The Authorization header. */
  readonly authorization: string | undefined;
}

/**
 * One WebSocket, with the graphql-transport-ws protocol.
 *
 *     opened ──connection_init──▶ identifying ──▶ acknowledged ──▶ closed
 *        └─────────a breach, nobody we know, no word in time, it has expired──▲
 *
 * @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 */
export class SocketConnection implements OperationHost, Reading {
  #phase: 'opened' | 'identifying' | 'acknowledged' | 'closed' = 'opened';
  /** The client, once it is identified. */
  #client: Client | null = null;
  /** Whose limit this socket counts against: its address, until its caller is known. */
  #quotaKey: string;
  #cancelExpiry = () => {};
  /** Dropped after it was checked. */
  #authorization: string | undefined;
  #initTimer: NodeJS.Timeout | undefined;
  /** By their ids, which are free again once the client has completed them. */
  readonly #operations = new Map<string, ClientOperation>();
  #isFinishing = false;
  /** Those, and the ones that still work although nobody waits for them. */
  #operationCount = 0;
  readonly #turns = new Turns(this);

  constructor(
    private readonly socket: WebSocket,
    private readonly services: SocketServices,
    { addressKey, authorization }: SocketClient,
  ) {
    this.#authorization = authorization;
    this.#quotaKey = addressKey;
    services.quota.enter(addressKey);
    if (socket.protocol !== GRAPHQL_TRANSPORT_WS_PROTOCOL) {
      this.close(CloseCode.SubprotocolNotAcceptable, 'Subprotocol not acceptable');
      return;
    }
    const giveUp = () =>
      this.close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout');
    this.#initTimer = setTimeout(() => {
      this.#initTimer = setTimeout(giveUp, READING_MS);
    }, INIT_TIMEOUT_MS - READING_MS);
  }

  /** Handle what the client has sent, in its turn. Rejects if that failed because of a bug in the gateway. */
  receive(data: Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.#turns.take(() => resolve(this.#handle(data)));
    });
  }

  async #handle(data: Buffer): Promise<void> {
    if (this.#phase === 'closed') return;
    const message = parse(data);
    switch (message?.type) {
      case MessageType.ConnectionInit:
        await this.#identify(message);
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
        this.#operations.get(message.id)?.cancel();
        break;
      // Not a message, or one that only servers send.
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
    // Called when these bytes, and all before them, have left, or when they never will.
    return new Promise((resolve) => {
      socket.send(message, AS_TEXT, () => {
        resolve();
        this.resume();
      });
      this.#pauseIfUnread();
    });
  }

  /** Answer a WebSocket ping. */
  pong(data: Buffer): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    this.socket.pong(data, false, () => this.resume());
    this.#pauseIfUnread();
  }

  formatFailure(failure: unknown): readonly GraphQLFormattedError[] {
    return this.services.operations.formatFailure(failure);
  }

  release(id: string): void {
    this.#operations.delete(id);
  }

  free(): void {
    this.#operationCount -= 1;
  }

  /** Close the socket if its client is one of these. */
  revoke(callers: ReadonlySet<Caller>): void {
    if (this.#client && callers.has(this.#client.caller)) this.#refuse(REVOKED);
  }

  /**
   * Accept no new operation; resolves once the queries and mutations in progress are answered. Subscriptions continue
   * until the socket is closed.
   */
  async finish(): Promise<void> {
    this.#isFinishing = true;
    await Promise.all([...this.#operations.values()].map(({ settled }) => settled));
  }

  close(code: number, reason: string): void {
    if (this.#phase !== 'closed' && code !== SERVICE_RESTART) {
      const from = this.#quotaKey;
      this.services.reportRefusal({
        transport: 'websocket',
        code: String(code),
        message: reason,
        from,
      });
    }
    this.end();
    this.socket.close(code, reason);
  }

  /** Free everything at once: the socket is closed, or about to be. Safe to repeat. */
  end(): void {
    this.#phase = 'closed';
    clearTimeout(this.#initTimer);
    this.#cancelExpiry();
    for (const operation of this.#operations.values()) operation.cancel();
  }

  /** Read nothing more for now. */
  pause(): void {
    this.socket.pause();
  }

  /** Read on, unless something still waits for its turn or for the client. */
  resume(): void {
    const { socket } = this;
    if (socket.isPaused && !this.#turns.isWaiting && socket.bufferedAmount <= MAX_UNREAD_BYTES)
      socket.resume();
  }

  #pauseIfUnread(): void {
    if (this.socket.bufferedAmount > MAX_UNREAD_BYTES) this.pause();
  }

  /** The socket is closed and no longer counts. */
  leave(): void {
    this.end();
    this.services.quota.leave(this.#quotaKey);
  }

  async #identify({ payload }: ConnectionInitMessage): Promise<void> {
    if (this.#phase !== 'opened') {
      this.close(CloseCode.TooManyInitialisationRequests, 'Too many initialisation requests');
      return;
    }
    this.#phase = 'identifying';
    clearTimeout(this.#initTimer);
    this.#initTimer = undefined;
    const { signIn, clock } = this.services;
    try {
      const authorization = toAuthorization(payload, this.#authorization);
      this.#authorization = undefined;
      const caller = await signIn.identify(authorization, this.#quotaKey);
      if (this.#isClosed) return;
      this.#acknowledge(caller);
      if (this.#isClosed) return;
      this.#cancelExpiry = onceExpired(clock, caller.expiresAt, () => this.#refuse(EXPIRED));
    } catch (error) {
      if (!this.#isClosed) this.#refuse(toClose(error));
    }
  }

  get #isClosed(): boolean {
    return this.#phase === 'closed';
  }

  #acknowledge(caller: Caller): void {
    const client = toClient(caller, this.#quotaKey);
    if (!this.services.quota.move(this.#quotaKey, client.key)) {
      this.#refuse(TOO_MANY_SOCKETS);
      return;
    }
    this.#quotaKey = client.key;
    this.#client = client;
    this.#phase = 'acknowledged';
    void this.send(stringifyMessage({ type: MessageType.ConnectionAck }));
  }

  #refuse({ code, reason }: SocketClose): void {
    this.close(code, reason);
  }

  #answerPing({ payload }: PingMessage): void {
    void this.send(stringifyMessage({ type: MessageType.Pong, ...(payload && { payload }) }));
  }

  #subscribe({ id, payload }: SubscribeMessage): void {
    const { operations, maxOperations } = this.services;
    if (!this.#client) {
      this.close(CloseCode.Unauthorized, 'Unauthorized');
      return;
    }
    if (this.#operations.has(id)) {
      // Without the id, which may be too long for a reason.
      this.close(CloseCode.SubscriberAlreadyExists, 'Subscriber already exists');
      return;
    }
    const operation = new ClientOperation(this, id, new SocketFrames(id));
    if (this.#isFinishing) {
      operation.fail(new ShuttingDownError());
      return;
    }
    this.#operationCount += 1;
    if (this.#operationCount > maxOperations) {
      operation.fail(
        new TooManyOperationsError(
          `A socket may have at most ${maxOperations} operations in progress. Wait for one to end, or complete one.`,
          'socket',
        ),
      );
      this.free();
      return;
    }
    this.#operations.set(id, operation);
    const admission = operations.admit(payload, this.#client, overSocket);
    void operation.run(admission);
  }
}

const FRAME_END = Buffer.from('}');

/** The results of an operation, as messages of the graphql-transport-ws protocol. */
class SocketFrames implements OperationFrames {
  /** A text, because a buffer of its own would take more memory than the rest of an idle subscription. */
  readonly #nextStart: string;

  constructor(private readonly id: string) {
    this.#nextStart = `{"id":${JSON.stringify(id)},"type":"${MessageType.Next}","payload":`;
  }

  /** All subscribers share the bytes of the result itself. */
  next({ json }: OperationResult): Buffer {
    return Buffer.concat([Buffer.from(this.#nextStart), json, FRAME_END]);
  }

  complete(): string {
    return stringifyMessage({ id: this.id, type: MessageType.Complete });
  }

  fail(errors: readonly GraphQLFormattedError[]): string {
    return stringifyMessage({ id: this.id, type: MessageType.Error, payload: [...errors] });
  }
}

/** Also null for bytes that are not UTF-8: with U+FFFD they would become an id that nobody asked about. */
function parse(data: Buffer): Message | null {
  try {
    const message = parseMessage(toStrictText(data));
    if (isNestedTooDeep(message)) return null;
    return 'id' in message && message.id.length > MAX_ID_LENGTH ? null : message;
  } catch {
    return null;
  }
}
