import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { GraphQLFormattedError } from 'graphql';
import type { Caller } from '../../ingestion/caller.js';
import {
  ShuttingDownError,
  TooManyOperationsError,
  UnauthenticatedError,
} from '../../ingestion/gateway-error.js';
import type { Clock } from '../../ingestion/ports.js';
import {
  ClientOperation,
  type OperationFrames,
  type OperationHost,
} from '../operations/client-operation.js';
import type { Client } from '../sign-in/client.js';
import { onceExpired } from '../sign-in/expiry.js';

/** How many bytes may be queued for a slow client before its subscriptions pause, like those of a slow WebSocket. */
const MAX_BUFFERED_BYTES = 64 * 1024;

/** How many bytes may be queued before the stream takes no more operations, whose answers would pile up. */
const MAX_UNREAD_BYTES = 1024 * 1024;

/** How a protocol writes everything but events. */
export interface StreamForm {
  readonly contentType: string;
  readonly start: string;
  readonly heartbeat: string;
  readonly end: string;
  /** Whether it carries one operation and ends with it. */
  readonly isOfOne: boolean;
}

/** What a stream needs from the set of streams. */
export interface StreamHost {
  readonly maxOperations: number;
  readonly clock: Clock;
  formatFailure(failure: unknown): readonly GraphQLFormattedError[];
  /** The client has read everything up to a heartbeat. */
  onHeard(stream: HttpStream): void;
  /** A client reads it from now on. */
  onTaken(stream: HttpStream): void;
  /** Its client has all of it, or is gone. */
  onLeft(stream: HttpStream): void;
}

/** An operation of a stream, and who sent it. */
interface Begun {
  readonly operation: ClientOperation;
  readonly caller: Caller;
  cancelExpiry(): void;
}

/**
 * A streamed answer over HTTP, with the results of one operation or of several.
 *
 *     waiting ──its client reads it──▶ open ──all was told, a failure──▶ ended ──the connection is closed──▶ left
 *        └─────────nobody came for it──┴──────────the connection is closed────────────────────────────────▲
 *
 * Until somebody reads it, it keeps the results of its operations, which wait.
 */
export class HttpStream implements OperationHost {
  #phase: 'waiting' | 'open' | 'ended' | 'left' = 'waiting';
  #response: ServerResponse | null = null;
  #unsent: (string | Buffer)[] = [];
  readonly #connected = Promise.withResolvers<void>();
  readonly #left = Promise.withResolvers<void>();
  /** Resolves once nobody reads it. */
  readonly left = this.#left.promise;
  #isFinishing = false;
  /** By their ids. */
  readonly #operations = new Map<string, Begun>();
  /** Those, and the ones that still work although nobody waits for them. */
  #operationCount = 0;

  constructor(
    readonly client: Client,
    private readonly form: StreamForm,
    private readonly host: StreamHost,
  ) {}

  /** Whether somebody reads it, or has read it. */
  get isTaken(): boolean {
    return this.#response !== null;
  }

  /** Whether no further results will come. */
  get hasEnded(): boolean {
    return this.#phase === 'ended' || this.#phase === 'left';
  }

  /** How many bytes wait for its client. */
  get bufferedBytes(): number {
    if (this.#response) return this.#response.writableLength;
    return this.#unsent.reduce((sum, message) => sum + message.length, 0);
  }

  /** Whether an operation with this id is in progress. */
  has(id: string): boolean {
    return this.#operations.has(id);
  }

  /**
   * Make room for an operation, which ends with the credentials that it was sent with.
   *
   * @throws {TooManyOperationsError} there is no room
   * @throws {ShuttingDownError} the stream is about to end
   */
  begin(id: string, frames: OperationFrames, { caller }: Client): ClientOperation {
    const { maxOperations, clock } = this.host;
    if (this.#isFinishing) throw new ShuttingDownError();
    if (this.#operationCount >= maxOperations) {
      throw new TooManyOperationsError(
        `A stream may have at most ${maxOperations} operations in progress. Wait for one to end, or complete one.`,
        'socket',
      );
    }
    if (this.bufferedBytes > MAX_UNREAD_BYTES) {
      throw new TooManyOperationsError(
        'The stream takes no more operations until its client reads what is queued.',
        'socket',
      );
    }
    this.#operationCount += 1;
    const operation = new ClientOperation(this, id, frames);
    const begun = { operation, caller, cancelExpiry() {} };
    this.#operations.set(id, begun);
    if (caller !== this.client.caller) {
      begun.cancelExpiry = onceExpired(clock, caller.expiresAt, () =>
        operation.cutOff(new UnauthenticatedError('expired')),
      );
    }
    return operation;
  }

  /** The client cancels an operation. */
  cancel(id: string): void {
    this.#operations.get(id)?.operation.cancel();
  }

  /** Answer a request with the stream: from now on its client gets the results. */
  connect(reply: FastifyReply): void {
    const { raw } = reply;
    this.#response = raw;
    this.host.onTaken(this);
    const { socket } = reply.request.raw;
    const leave = () => {
      socket.off('close', leave);
      this.leave();
    };
    raw.once('close', leave);
    // An answer that waits for an earlier one on its connection gets no event when the connection closes.
    socket.once('close', leave);
    raw.on('error', () => {});
    const headers = reply.getHeaders();
    reply.hijack();
    // The connection carries no further answer, and is closed with the stream.
    raw.shouldKeepAlive = false;
    raw.writeHead(200, {
      ...(headers as Record<string, string>),
      'content-type': this.form.contentType,
      // Some proxies would otherwise buffer the answer, or compress it, for which they wait for more.
      'x-accel-buffering': 'no',
      'cache-control': 'no-store, no-transform',
    });
    raw.write(this.form.start);
    for (const message of this.#unsent) raw.write(message);
    this.#unsent = [];
    if (this.#phase === 'waiting') this.#phase = 'open';
    else raw.end(this.form.end);
    this.#connected.resolve();
    // It was closed while the operation was being opened.
    if (socket.destroyed) leave();
  }

  send(message: string | Buffer): Promise<void> | null {
    switch (this.#phase) {
      case 'waiting':
        this.#unsent.push(message);
        return this.#connected.promise;
      case 'open':
        return this.#write(message);
      case 'ended':
      case 'left':
        return null;
    }
  }

  formatFailure(failure: unknown): readonly GraphQLFormattedError[] {
    return this.host.formatFailure(failure);
  }

  release(id: string): void {
    this.#operations.get(id)?.cancelExpiry();
    this.#operations.delete(id);
    if (this.form.isOfOne) this.end();
  }

  free(): void {
    this.#operationCount -= 1;
  }

  /** Send a heartbeat, which also shows whether the client still reads. */
  ping(): void {
    if (this.#phase !== 'open') return;
    this.#response?.write(this.form.heartbeat, (error) => {
      if (!error) this.host.onHeard(this);
    });
  }

  /** Close the connection at once. */
  terminate(): void {
    this.#response?.destroy();
    this.leave();
  }

  /** Take no new operation; resolves once the queries and mutations in progress are answered. */
  async finish(): Promise<void> {
    this.#isFinishing = true;
    await Promise.all([...this.#operations.values()].map(({ operation }) => operation.settled));
  }

  /** End what these callers have opened: their credentials are no longer valid. */
  revoke(callers: ReadonlySet<Caller>): void {
    const failure = new UnauthenticatedError('refused');
    if (callers.has(this.client.caller)) {
      this.fail(failure);
      return;
    }
    for (const { operation, caller } of this.#operations.values()) {
      if (callers.has(caller)) operation.cutOff(failure);
    }
  }

  /** End it, and send the client the reason for each operation. */
  fail(failure: unknown): void {
    for (const { operation } of this.#operations.values()) operation.cutOff(failure);
    this.end();
  }

  /** Everything was sent. Safe to repeat. */
  end(): void {
    if (this.hasEnded) return;
    this.#phase = 'ended';
    for (const { operation } of this.#operations.values()) operation.cancel();
    if (this.#response) this.#response.end(this.form.end);
    // A stream of one operation is about to be connected, and then tells its client what came.
    else if (!this.form.isOfOne) this.leave();
  }

  /** Nobody reads it any more: free everything at once. Safe to repeat. */
  leave(): void {
    this.end();
    if (this.#phase === 'left') return;
    this.#phase = 'left';
    this.host.onLeft(this);
    this.#left.resolve();
  }

  #write(message: string | Buffer): Promise<void> | null {
    const response = this.#response;
    if (!response || response.destroyed) return null;
    if (response.writableLength < MAX_BUFFERED_BYTES) {
      response.write(message);
      return null;
    }
    // Called when these bytes, and all before them, have left, or when they never will.
    return new Promise((resolve) => void response.write(message, () => resolve()));
  }
}
