import type { IngestionLog, Scope } from '../ingestion/ports.js';
import type { Position, Transition } from '../ingestion/transition.js';
import type { Hub } from './hub.js';
import { endsWith, readPage } from './log-page.js';

/** How many live transitions may wait for one slow reader before it is sent back to the log for them. */
const MAX_QUEUED_ITEMS = 256;

/** What `return()` and the end of a stream give. */
const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * Transitions of a scope after a position: first those in the log, then live ones. In order, without a gap
 * and without a repeat. A stream of one request ends after its terminal transition; others never end.
 *
 *     idle ──next()──▶ reading ──the log is read to its end──▶ live
 *                         ▲                                      │
 *                         └────────── the queue ran over ────────┘      any ──return(), the end──▶ ended
 *
 * The hub is registered with before the log is read, so that what is appended in between is in the queue;
 * what is in both is known by its position and dropped. A reader too slow for its queue loses the queue,
 * not the transitions: it reads on from the log.
 *
 * Nothing is held before the first `next()`, and `return()` frees everything at once, also while a `next()`
 * is waiting.
 */
export class TransitionStream implements AsyncIterableIterator<Transition, undefined> {
  #phase: 'idle' | 'reading' | 'live' | 'ended' = 'idle';
  #position: Position;
  #page: readonly Transition[] = [];
  #pageIndex = 0;
  #queue: Transition[] = [];
  #hasQueueRunOver = false;
  /** Where the log sifts: the newest transition that was told, so that none before it is looked through again. */
  #toldThrough: Position = 0;
  #unregister: () => void = () => {};
  #wake: () => void = () => {};
  /** `next()` may be called again before the last one is answered: the calls are answered in their order. */
  #lastStep: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly log: Pick<IngestionLog, 'find' | 'read'>,
    private readonly hub: Pick<Hub, 'register'>,
    readonly scope: Scope,
    after: Position,
  ) {
    this.#position = after;
  }

  /** Everything of the scope up to here has been given. */
  get position(): Position {
    return this.#position;
  }

  next(): Promise<IteratorResult<Transition, undefined>> {
    const step = this.#lastStep.then(() => this.#step());
    this.#lastStep = step.catch(() => {});
    return step;
  }

  async return(): Promise<IteratorResult<Transition, undefined>> {
    this.#end();
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #step(): Promise<IteratorResult<Transition, undefined>> {
    try {
      for (;;) {
        switch (this.#phase) {
          case 'idle':
            this.#unregister = this.hub.register(this.scope, (transition) =>
              this.#enqueue(transition),
            );
            this.#phase = 'reading';
            break;
          case 'reading': {
            const transition = this.#page[this.#pageIndex];
            if (transition) {
              this.#pageIndex += 1;
              return this.#deliver(transition);
            }
            await this.#readPage();
            break;
          }
          case 'live': {
            const transition = this.#queue.shift();
            if (!transition) await this.#untilWoken();
            else if (transition.position > this.#position) return this.#deliver(transition);
            break;
          }
          case 'ended':
            return DONE;
        }
      }
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  #deliver(transition: Transition): IteratorResult<Transition, undefined> {
    this.#position = transition.position;
    if (endsWith(this.scope, transition)) this.#end();
    return { done: false, value: transition };
  }

  async #readPage(): Promise<void> {
    this.#hasQueueRunOver = false;
    const toldThrough = this.#toldThrough;
    const { transitions, isFinished } = await readPage(
      this.log,
      this.scope,
      this.#position,
      () => this.#phase === 'reading',
    );
    if (this.#phase !== 'reading') return;
    this.#page = transitions;
    this.#pageIndex = 0;
    if (transitions.length > 0) return;
    this.#position = Math.max(this.#position, toldThrough);
    if (isFinished) this.#end();
    // What the queue lost while the page was being read may have come too late for the page.
    else if (!this.#hasQueueRunOver) this.#phase = 'live';
  }

  #enqueue(transition: Transition): void {
    if (this.#isSiftedByLog) {
      this.#toldThrough = transition.position;
      this.#hasQueueRunOver = true;
      this.#phase = 'reading';
    } else if (this.#queue.length < MAX_QUEUED_ITEMS) {
      this.#queue.push(transition);
    } else {
      this.#queue = [];
      this.#hasQueueRunOver = true;
      this.#phase = 'reading';
    }
    this.#wake();
  }

  /** Whether only the log can tell which live transitions are of the scope. */
  get #isSiftedByLog(): boolean {
    return this.scope.kind !== 'request' && this.scope.startedBy !== undefined;
  }

  #untilWoken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #end(): void {
    this.#phase = 'ended';
    this.#queue = [];
    this.#page = [];
    this.#unregister();
    this.#wake();
  }
}
