/** Pauses reading from a connection while its work waits. */
export interface Reading {
  pause(): void;
  resume(): void;
}

/**
 * Starts one piece of a connection's work in each turn of the event loop, so that others are served in between. The
 * first of a turn starts at once. While work waits, nothing more is read, or it would pile up.
 */
export class Turns {
  #isTaken = false;
  readonly #waiting: (() => void)[] = [];

  /** @param whenReady - calls back once waiting work may start */
  constructor(
    private readonly reading: Reading,
    private readonly whenReady: (start: () => void) => void = (start) => start(),
  ) {}

  /** Whether work is waiting. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Start this now if nothing was started in this turn, otherwise when its turn comes. */
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
    this.whenReady(() => {
      if (this.isWaiting) this.reading.pause();
      else this.reading.resume();
      this.#begin(next);
    });
  }
}
