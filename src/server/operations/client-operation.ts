import { type GraphQLFormattedError, OperationTypeNode } from 'graphql';
import type { Following, Outlet } from '../../watch/fan-out.js';
import type { AdmittedOperation, OperationResult } from './operations.js';

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

/** What comes of one operation, as its protocol writes it. */
export interface OperationFrames {
  next(result: OperationResult): Buffer;
  complete(): string;
  fail(errors: readonly GraphQLFormattedError[]): string;
}

/**
 * One operation of one connection: what comes of it, as its client is told.
 *
 *     under way ──completed or failed, of which the client is told──▶ over
 *         └───────completed by the client, or the connection closed──▲
 *
 * What works for it may go on behind that: until then it has its place among those of the connection.
 */
export class ClientOperation implements Outlet<OperationResult> {
  #isOver = false;
  #isWorking = true;
  #isCompleted = false;
  #hasGiven = false;
  #subscription: Following | null = null;
  readonly #settled = Promise.withResolvers<void>();
  /** Resolves once it is answered, or turns out to be a subscription. */
  readonly settled = this.#settled.promise;

  constructor(
    private readonly host: OperationHost,
    private readonly id: string,
    private readonly frames: OperationFrames,
  ) {}

  /** Whether it was completed without a result. */
  get isCompletedEmpty(): boolean {
    return this.#isCompleted && !this.#hasGiven;
  }

  /** There is no work for it any more, or never was. */
  free(): void {
    this.#isWorking = false;
    this.host.free();
  }

  /** Run it once it is admitted; resolves once it is answered, or runs as a subscription. */
  async run(admission: AdmittedOperation | Promise<AdmittedOperation>): Promise<void> {
    let subscription: Following | null = null;
    try {
      const admitted = await admission;
      if (admitted.type === OperationTypeNode.SUBSCRIPTION) this.#settled.resolve();
      subscription = await admitted.run(this);
    } catch (error) {
      this.fail(error);
    }
    this.#settled.resolve();
    this.#isWorking = false;
    if (!this.#isOver) {
      this.#subscription = subscription;
      return;
    }
    // The client may have gone before.
    subscription?.leave();
    this.host.free();
  }

  next(result: OperationResult): Promise<void> | null {
    if (this.#isOver) return null;
    this.#hasGiven = true;
    return this.host.send(this.frames.next(result));
  }

  complete(): void {
    if (this.#isOver) return;
    this.#isCompleted = true;
    this.#end(this.frames.complete());
  }

  fail(failure: unknown): void {
    if (!this.#isOver) this.#end(this.frames.fail(this.host.formatFailure(failure)));
  }

  /** End it with what it failed with, and work for it no more. Safe to repeat. */
  cutOff(failure: unknown): void {
    this.fail(failure);
    this.#subscription?.leave();
  }

  /** The client wants no more of it. Safe to repeat. */
  callOff(): void {
    if (this.#isOver) return;
    this.#end(null);
    this.#subscription?.leave();
  }

  #end(lastWords: string | null): void {
    this.#isOver = true;
    if (lastWords !== null) void this.host.send(lastWords);
    this.host.release(this.id);
    if (!this.#isWorking) this.host.free();
  }
}
