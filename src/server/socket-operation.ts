import type { GraphQLFormattedError } from 'graphql';
import { MessageType, stringifyMessage } from 'graphql-ws';
import type { Following } from '../watch/fan-out.js';
import type { OperationOutlet, ResultJson } from './operations.js';

const FRAME_END = Buffer.from('}');

/** What an operation needs of the connection that it came over. */
export interface OperationHost {
  /** @returns null where there is room for more at once; otherwise resolves when there is */
  send(message: string | Buffer): Promise<void> | null;
  formatFailure(failure: unknown): readonly GraphQLFormattedError[];
  /** The operation is over: its id is free again. */
  release(id: string): void;
  /** Nothing works for it any more: another may take its place. */
  free(): void;
}

/**
 * One operation of one connection: what comes of it, as messages of the graphql-transport-ws protocol.
 *
 *     under way ──completed or failed, of which the client is told──▶ over
 *         └───────completed by the client, or the connection closed──▲
 *
 * What works for it may go on behind that: until then it has its place among those of the connection.
 */
export class SocketOperation implements OperationOutlet {
  #isOver = false;
  #isWorking = true;
  #subscription: Following | null = null;
  /** What stands before each result: the result itself is what all who are given it share. */
  readonly #frameStart: Buffer;
  readonly #opening = Promise.withResolvers<void>();
  /** Resolves once it turns out to be a subscription. */
  readonly isSubscription = this.#opening.promise;

  constructor(
    private readonly host: OperationHost,
    private readonly id: string,
  ) {
    this.#frameStart = Buffer.from(
      `{"id":${JSON.stringify(id)},"type":"${MessageType.Next}","payload":`,
    );
  }

  /** It is answered, or runs as a subscription, which may have come after the client had gone. */
  runsAs(subscription: Following | null): void {
    this.#isWorking = false;
    if (!this.#isOver) {
      this.#subscription = subscription;
      return;
    }
    subscription?.leave();
    this.host.free();
  }

  opening(): void {
    this.#opening.resolve();
  }

  next(result: ResultJson): Promise<void> | null {
    return this.#isOver
      ? null
      : this.host.send(Buffer.concat([this.#frameStart, result, FRAME_END]));
  }

  complete(): void {
    if (!this.#end()) return;
    void this.host.send(stringifyMessage({ id: this.id, type: MessageType.Complete }));
  }

  fail(failure: unknown): void {
    if (!this.#end()) return;
    const payload = [...this.host.formatFailure(failure)];
    void this.host.send(stringifyMessage({ id: this.id, type: MessageType.Error, payload }));
  }

  /** The client wants no more of it. Safe to repeat. */
  callOff(): void {
    if (this.#end()) this.#subscription?.leave();
  }

  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.host.release(this.id);
    if (!this.#isWorking) this.host.free();
    return true;
  }
}
