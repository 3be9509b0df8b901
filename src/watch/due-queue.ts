import type { Clock } from '../ingestion/ports.js';

/** A timer that comes so much too late, in ms, tells that the process did not run. */
const HELD_UP_MS = 1_000;

/** An item that waits for its time. */
export interface Due<Item> {
  readonly item: Item;
  /** By the monotonic clock, in ms. */
  at: number;
  /** Its place in the heap; -1 where it waits no more. */
  index: number;
}

/**
 * Items that wait for their times, with one timer for all of them: a hundred thousand timers would take more
 * memory than what they are for.
 *
 * A binary heap, the soonest first. A process that was held up, as by a freeze, goes on where it was: what came
 * due meanwhile is spread as it would have been, and not all due at once.
 */
export class DueQueue<Item> {
  readonly #heap: Due<Item>[] = [];
  #heldSince: number | null = null;
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

  /** Nothing is due until `release()`, and every delay counts from then. */
  hold(): void {
    this.#heldSince ??= this.#now();
    this.#arm();
  }

  release(): void {
    if (this.#heldSince === null) return;
    const since = this.#heldSince;
    this.#heldSince = null;
    this.#putOff(this.#now() - since);
    this.#arm();
  }

  #putOff(byMs: number): void {
    for (const due of this.#heap) due.at += byMs;
  }

  #now(): number {
    return this.#heldSince ?? this.clock.monotonicMs();
  }

  /** Let the one timer be for the soonest. */
  #arm(): void {
    const soonest = this.#heldSince === null ? this.#heap[0] : undefined;
    const soonestAt = soonest?.at ?? Number.POSITIVE_INFINITY;
    if (soonestAt === this.#armedAt) return;
    this.#disarm();
    this.#armedAt = soonestAt;
    this.#disarm =
      soonestAt === Number.POSITIVE_INFINITY
        ? () => {}
        : this.clock.schedule(Math.max(0, soonestAt - this.#now()), () => this.#fire());
  }

  #fire(): void {
    const lateMs = this.#now() - this.#armedAt;
    if (lateMs > HELD_UP_MS) this.#putOff(lateMs);
    // Timers may come a moment early.
    const now = Math.max(this.#now(), this.#armedAt);
    this.#armedAt = Number.POSITIVE_INFINITY;
    for (let due = this.#heap[0]; due && due.at <= now; due = this.#heap[0]) {
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
