import type { CallPurpose } from '../../ingestion/ports.js';
import type { Deadline } from './call-deadline.js';

/** A call that takes turns. What it is for may change while it is in progress. */
export interface PacedCall {
  purpose: CallPurpose;
}

/** The maximum number of waiting status calls of one caller, and of waiting starts: as many as one list may have. */
export const MAX_WAITING_PER_CALLER = 100;

/** A call that waits for its turn. */
interface Waiter {
  readonly give: () => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Calls of several callers that wait for their turns. The callers take turns, so one that asks for much waits longer,
 * and nobody else does. The calls of one caller are first come, first served.
 */
class CallerLines {
  /** The next caller is first. */
  readonly #lines = new Map<string, Map<PacedCall, Waiter>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  sizeOf(caller: string): number {
    return this.#lines.get(caller)?.size ?? 0;
  }

  /** How many calls go before a new call of this caller, if no others arrive. */
  countAhead(caller: string): number {
    const rounds = this.sizeOf(caller) + 1;
    let count = 0;
    for (const [other, line] of this.#lines) {
      count += other === caller ? line.size : Math.min(line.size, rounds);
    }
    return count;
  }

  add(caller: string, call: PacedCall, waiter: Waiter): void {
    const line = this.#lines.get(caller);
    if (line) line.set(call, waiter);
    else this.#lines.set(caller, new Map([[call, waiter]]));
    this.#size += 1;
  }

  /** @returns its waiter, if it waited here */
  remove(caller: string, call: PacedCall): Waiter | undefined {
    const line = this.#lines.get(caller);
    const waiter = line?.get(call);
    if (!line || !waiter) return undefined;
    line.delete(call);
    this.#size -= 1;
    if (line.size === 0) this.#lines.delete(caller);
    return waiter;
  }

  giveNext(): void {
    for (const [caller, line] of this.#lines) {
      this.#lines.delete(caller);
      this.#lines.set(caller, line);
      for (const { give } of line.values()) {
        give();
        return;
      }
    }
  }

  all(): Waiter[] {
    return [...this.#lines.values()].flatMap((line) => [...line.values()]);
  }
}

/**
 * Calls that wait for their turns. Polls get every second turn while they need it, and the turns that others leave;
 * otherwise a caller that never stops asking would stop every watch. Of the calls that somebody waits for, starts go
 * before status calls, because a start is one call and a status call is often one of many.
 *
 * @see docs/adr/0032-turns-are-shared.md
 */
export class CallQueue {
  readonly #lines: Readonly<Record<CallPurpose['kind'], CallerLines>> = {
    start: new CallerLines(),
    ask: new CallerLines(),
    poll: new CallerLines(),
  };
  #isPollNext = false;

  get size(): number {
    return this.#awaitedSize + this.#lines.poll.size;
  }

  /** Whether somebody waits for one of these calls. */
  get hasAwaited(): boolean {
    return this.#awaitedSize > 0;
  }

  get #awaitedSize(): number {
    return this.#lines.start.size + this.#lines.ask.size;
  }

  /** How many calls go before a new one, if no others arrive. */
  countAhead(purpose: CallPurpose): number {
    const { start, ask, poll } = this.#lines;
    switch (purpose.kind) {
      case 'start':
        return withOthers(start.countAhead(purpose.caller), poll.size);
      case 'ask':
        return withOthers(start.size + ask.countAhead(purpose.caller), poll.size);
      case 'poll':
        return withOthers(poll.size, this.#awaitedSize);
    }
  }

  /** Whether this caller has the maximum number of calls waiting. */
  isFull(purpose: CallPurpose): boolean {
    if (purpose.kind === 'poll') return false;
    return this.#lines[purpose.kind].sizeOf(purpose.caller) >= MAX_WAITING_PER_CALLER;
  }

  /** Resolves with the turn. @throws the reason of the deadline's signal if that comes first */
  join(call: PacedCall, { signal }: Pick<Deadline, 'signal'>): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = () => {
      this.#remove(call);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (error: unknown) => {
      leave();
      reject(error);
    };
    const give = () => {
      leave();
      resolve();
    };
    const onAbort = () => fail(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#add(call, { give, fail });
    return promise;
  }

  /** Give a turn to the next call. */
  giveNext(): void {
    const { start, ask, poll } = this.#lines;
    const isPoll = poll.size > 0 && (this.#isPollNext || !this.hasAwaited);
    this.#isPollNext = !isPoll;
    if (isPoll) poll.giveNext();
    else if (start.size > 0) start.giveNext();
    else ask.giveNext();
  }

  /**
   * Somebody waits for this call from now on. It counts as a call of whichever of its waiting callers waits for the
   * fewest calls. A poll stays a poll if this caller already has too many.
   */
  expedite(call: PacedCall, purpose: CallPurpose): void {
    const { kind } = call.purpose;
    const isSooner = kind === 'poll' || this.countAhead(purpose) < this.countAhead(call.purpose);
    if (!isSooner || this.isFull(purpose)) return;
    const waiter = this.#remove(call);
    call.purpose = purpose;
    if (waiter) this.#add(call, waiter);
  }

  failAll(error: unknown): void {
    for (const lines of Object.values(this.#lines)) for (const { fail } of lines.all()) fail(error);
  }

  #add(call: PacedCall, waiter: Waiter): void {
    this.#lines[call.purpose.kind].add(toCaller(call.purpose), call, waiter);
  }

  #remove(call: PacedCall): Waiter | undefined {
    return this.#lines[call.purpose.kind].remove(toCaller(call.purpose), call);
  }
}

/** If two take turns, how many turns pass before the one that has `own` ahead of it. */
function withOthers(own: number, others: number): number {
  return own + Math.min(own, others);
}

/** Polls belong to the gateway itself. */
function toCaller(purpose: CallPurpose): string {
  return purpose.kind === 'poll' ? '' : purpose.caller;
}
