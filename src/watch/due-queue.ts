import type { Clock } from '../ingestion/ports.js';

/** A timer that comes so much too late, in ms, tells that the process did not run. */
const HELD_UP_MS = 1_000;

/** How the queue's time goes is measured over at least this, in ms. */
const SAMPLE_MS = 10_000;

/** An item that waits for its time. */
export interface Due<Item> {
  readonly item: Item;
  /** By the queue's own time, in ms. */
  readonly at: number;
  /** Its place in the heap; -1 where it waits no more. */
  index: number;
}

/**
 * Items that wait for their times, with one timer for all of them: a hundred thousand timers would take more
 * memory than what they are for.
 *
 * A binary heap, the soonest first, by a time of its own. That time stands still while the queue is held, and
 * every delay is longer by that: so where more is due than there is room for, all gaps stretch by the same factor,
 * what comes often still comes more often than the rest, and nothing starves. It also stands still for a process
 * that was held up, as by a freeze: what came due meanwhile is spread as it would have been, and not all due at
 * once.
 */
export class DueQueue<Item> {
  readonly #heap: Due<Item>[] = [];
  /** How long the queue's time has stood still so far. */
  #stoodStillMs = 0;
  #holdCount = 0;
  #heldSince = 0;
  /** What the queue's time was at two moments of the last half minute or so. */
  #samples: readonly { readonly ranMs: number; readonly at: number }[] = [];
  #armedAt = Number.POSITIVE_INFINITY;
  #disarm: () => void = () => {};

  constructor(
    private readonly clock: Clock,
    private readonly onDue: (item: Item) => void,
  ) {}

  /** Have `onDue` called with the item once, after the delay. */
  add(item: Item, delayMs: number): Due<Item> {
    const due = { item, at: this.#now() + delayMs, index: this.#heap.length };
    this.#heap.push(due);
    this.#moveUp(due);
    this.#arm();
    return due;
  }

  /** Call it off; nothing happens where it is over already. */
  remove(due: Due<Item>): void {
    if (due.index === -1) return;
    this.#take(due);
    this.#arm();
  }

  clear(): void {
    for (const due of this.#heap.splice(0)) due.index = -1;
    this.#arm();
  }

  /** How long an item has still to wait by the queue's own time, in ms. */
  leftMs(due: Due<Item>): number {
    return Math.max(0, due.at - this.#now());
  }

  /** How long that is likely to be, in ms, if the queue's time goes on as it did lately. */
  expectedMs(due: Due<Item>): number {
    const sample = { ranMs: this.#now(), at: this.clock.monotonicMs() };
    const [before = sample, after = sample] = this.#samples;
    if (sample.at - after.at >= SAMPLE_MS || this.#samples.length === 0) {
      this.#samples = [after, sample];
    }
    const passedMs = sample.at - before.at;
    const ranMs = Math.max(1, sample.ranMs - before.ranMs);
    return this.leftMs(due) * Math.max(1, passedMs / ranMs);
  }

  /** Nothing is due until as many `release()` as there were holds. */
  hold(): void {
    if (this.#holdCount === 0) this.#heldSince = this.#now();
    this.#holdCount += 1;
    this.#arm();
  }

  release(): void {
    this.#holdCount -= 1;
    if (this.#holdCount === 0) this.#stoodStillMs = this.clock.monotonicMs() - this.#heldSince;
    this.#arm();
  }

  #now(): number {
    return this.#holdCount > 0 ? this.#heldSince : this.clock.monotonicMs() - this.#stoodStillMs;
  }

  /** Let the one timer be for the soonest. */
  #arm(): void {
    const soonest = this.#holdCount === 0 ? this.#heap[0] : undefined;
    const soonestAt = soonest ? soonest.at + this.#stoodStillMs : Number.POSITIVE_INFINITY;
    if (soonestAt === this.#armedAt) return;
    this.#disarm();
    this.#armedAt = soonestAt;
    this.#disarm =
      soonestAt === Number.POSITIVE_INFINITY
        ? () => {}
        : this.clock.schedule(Math.max(0, soonestAt - this.clock.monotonicMs()), () =>
            this.#fire(),
          );
  }

  #fire(): void {
    const lateMs = this.clock.monotonicMs() - this.#armedAt;
    if (lateMs > HELD_UP_MS) this.#stoodStillMs += lateMs;
    // Timers may come a moment early.
    const now = Math.max(this.#now(), this.#armedAt - this.#stoodStillMs);
    this.#armedAt = Number.POSITIVE_INFINITY;
    for (
      let due = this.#heap[0];
      due && due.at <= now && this.#holdCount === 0;
      due = this.#heap[0]
    ) {
      this.#take(due);
      this.onDue(due.item);
    }
    this.#arm();
  }

  #take(due: Due<Item>): void {
    const last = this.#heap.pop();
    if (last && last !== due) {
      this.#place(last, due.index);
      this.#moveUp(last);
      this.#moveDown(last);
    }
    due.index = -1;
  }

  #place(due: Due<Item>, index: number): void {
    this.#heap[index] = due;
    due.index = index;
  }

  #moveUp(due: Due<Item>): void {
    for (;;) {
      const parent = this.#heap[(due.index - 1) >> 1];
      if (!parent || parent.at <= due.at) return;
      this.#swap(due, parent);
    }
  }

  #moveDown(due: Due<Item>): void {
    for (;;) {
      const left = this.#heap[2 * due.index + 1];
      const right = this.#heap[2 * due.index + 2];
      const child = right && left && right.at < left.at ? right : left;
      if (!child || child.at >= due.at) return;
      this.#swap(due, child);
    }
  }

  #swap(a: Due<Item>, b: Due<Item>): void {
    const { index } = a;
    this.#place(a, b.index);
    this.#place(b, index);
  }
}
