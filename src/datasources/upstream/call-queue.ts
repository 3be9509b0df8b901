import type { Urgency } from '../../ingestion/ports.js';
import type { Deadline } from './call-deadline.js';

/** A call that waits for its turn. */
interface Waiter {
  readonly id: string | undefined;
  readonly give: () => void;
  readonly fail: (error: unknown) => void;
}

/** Calls that wait for their turns: first come, first served, and what is interactive before the background. */
export class CallQueue {
  readonly #waiting: Readonly<Record<Urgency, Set<Waiter>>> = {
    interactive: new Set(),
    background: new Set(),
  };

  get size(): number {
    return this.#waiting.interactive.size + this.#waiting.background.size;
  }

  get hasInteractive(): boolean {
    return this.#waiting.interactive.size > 0;
  }

  /** How many go before a call of this urgency that comes now. */
  countAhead(urgency: Urgency): number {
    return urgency === 'interactive' ? this.#waiting.interactive.size : this.size;
  }

  /** Resolves with the turn. @throws the reason of the deadline's signal where that comes first */
  join(urgency: Urgency, deadline: Deadline, id?: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = () => {
      this.#waiting.interactive.delete(waiter);
      this.#waiting.background.delete(waiter);
      deadline.signal.removeEventListener('abort', onAbort);
    };
    const waiter: Waiter = {
      id,
      give() {
        leave();
        resolve();
      },
      fail(error) {
        leave();
        reject(error);
      },
    };
    const onAbort = () => waiter.fail(deadline.signal.reason);
    if (deadline.signal.aborted) return Promise.reject(deadline.signal.reason);
    deadline.signal.addEventListener('abort', onAbort, { once: true });
    this.#waiting[urgency].add(waiter);
    return promise;
  }

  /** Give a turn to whoever goes first. */
  giveNext(): void {
    const [next] = this.hasInteractive ? this.#waiting.interactive : this.#waiting.background;
    next?.give();
  }

  /** @returns whether a call of this id waited in the background, and is interactive now */
  expedite(id: string): boolean {
    for (const waiter of this.#waiting.background) {
      if (waiter.id !== id) continue;
      this.#waiting.background.delete(waiter);
      this.#waiting.interactive.add(waiter);
      return true;
    }
    return false;
  }

  failAll(error: unknown): void {
    const { interactive, background } = this.#waiting;
    for (const { fail } of [...interactive, ...background]) fail(error);
  }
}
