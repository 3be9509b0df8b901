/** What stops reading from a connection while work of it waits. */
export interface Reading {
  pause(): void;
  resume(): void;
}

/**
 * Has one piece of a connection's work begun in each turn of the event loop, so that others are served between
 * them. The first of a turn is begun at once. While some waits nothing more is read, or it would pile up.
 */
export class Turns {
  #isTaken = false;
  readonly #waiting: (() => void)[] = [];

  constructor(private readonly reading: Reading) {}

  /** Whether there is work that waits. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Begin this now if nothing was begun in this turn, else in its order. */
  take(work: () => void): void {
    if (this.#isTaken) {
      this.#waiting.push(work);
      this.reading.pause();
      return;
    }
    this.#begin(work);
  }

  #begin(work: () => void): void {
    this.#isTaken = true;
    setImmediate(() => this.#pass());
    work();
  }

  #pass(): void {
    const next = this.#waiting.shift();
    if (!next) {
      this.#isTaken = false;
      return;
    }
    if (this.isWaiting) this.reading.pause();
    else this.reading.resume();
    this.#begin(next);
  }
}
