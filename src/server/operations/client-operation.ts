import { type GraphQLFormattedError, OperationTypeNode } from 'graphql';
import type { FollowHandle, Outlet } from '../../watch/fan-out.js';
import type { AdmittedOperation, OperationResult } from './operations.js';

/** What an operation needs from its connection. */
export interface OperationHost {
  /** @returns null if there is room for more; otherwise resolves when there is */
  send(message: string | Buffer): Promise<void> | null;
  formatFailure(failure: unknown): readonly GraphQLFormattedError[];
  /** The operation is over, so its id is free again. */
  release(id: string): void;
  /** No work is left, so another operation may take its place. */
  free(): void;
}

/** How a protocol writes the results of one operation. */
export interface OperationFrames {
  next(result: OperationResult): Buffer;
  complete(): string;
  fail(errors: readonly GraphQLFormattedError[]): string;
}

/**
 * One operation of one connection, with its results as its client gets them.
 *
 *     under way ──completed or failed, of which the client is told──▶ over
 *         └───────completed by the client, or the connection closed──▲
 *
 * Its work may continue after that, and until it ends the operation counts against the connection's limit.
 */
export class ClientOperation implements Outlet<OperationResult> {
  #hasEnded = false;
  #isWorking = true;
  #isCompleted = false;
  #hasGiven = false;
  #subscription: FollowHandle | null = null;
  #settle = () => {};
  /** Resolves once it is answered, or turns out to be a subscription. */
  readonly settled = new Promise<void>((resolve) => {
    this.#settle = resolve;
  });

  constructor(
    private readonly host: OperationHost,
    private readonly id: string,
    private readonly frames: OperationFrames,
  ) {}

  /** Whether it was completed without a result. */
  get isCompletedEmpty(): boolean {
    return this.#isCompleted && !this.#hasGiven;
  }

  /** It has no work any more, or never had any. */
  free(): void {
    this.#isWorking = false;
    this.host.free();
  }

  /** Run it once it is admitted; resolves once it is answered, or runs as a subscription. */
  async run(admission: AdmittedOperation | Promise<AdmittedOperation>): Promise<void> {
    let subscription: FollowHandle | null = null;
    try {
      const admitted = await admission;
      if (admitted.type === OperationTypeNode.SUBSCRIPTION) this.#settle();
      subscription = await admitted.run(this);
    } catch (error) {
      this.fail(error);
    }
    this.#settle();
    this.#isWorking = false;
    if (!this.#hasEnded) {
      this.#subscription = subscription;
      return;
    }
    // The client may have left earlier.
    subscription?.leave();
    this.host.free();
  }

  next(result: OperationResult): Promise<void> | null {
    if (this.#hasEnded) return null;
    this.#hasGiven = true;
    return this.host.send(this.frames.next(result));
  }

  complete(): void {
    if (this.#hasEnded) return;
    this.#isCompleted = true;
    this.#end(this.frames.complete());
  }

  fail(failure: unknown): void {
    if (!this.#hasEnded) this.#end(this.frames.fail(this.host.formatFailure(failure)));
  }

  /** End it with its failure, and stop its work. Safe to repeat. */
  cutOff(failure: unknown): void {
    this.fail(failure);
    this.#subscription?.leave();
  }

  /** The client cancels it. Safe to repeat. */
  cancel(): void {
    if (this.#hasEnded) return;
    this.#end(null);
    this.#subscription?.leave();
  }

  #end(lastWords: string | null): void {
    this.#hasEnded = true;
    if (lastWords !== null) void this.host.send(lastWords);
    this.host.release(this.id);
    if (!this.#isWorking) this.host.free();
  }
}
