/**
 * The state of a client's connection to its gateway.
 *
 *     idle ──subscribe──▶ connecting ──▶ connected ──▶ upToDate
 *                                            ▲            │ the connection is lost
 *                                            └── reconnecting ◀┘
 */
export type Connection =
  /** There are no subscriptions. */
  | { readonly state: 'idle' }
  /** For the first time. */
  | { readonly state: 'connecting'; readonly since: Date }
  /** The shown data is at least as old as `since`. */
  | { readonly state: 'reconnecting'; readonly since: Date }
  /** Missed events may still arrive. */
  | { readonly state: 'connected' }
  /** The gateway has answered after everything was resumed, so nothing is missing. */
  | { readonly state: 'upToDate' };

/** A value that changes, and notifies listeners. */
export interface Watched<Value> {
  readonly get: () => Value;
  /** @returns stops listening */
  readonly listen: (listener: () => void) => () => void;
}

/** Create such a value. */
export function createWatched<Value>(first: Value): Watched<Value> & {
  readonly set: (value: Value) => void;
} {
  let value = first;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set(next) {
      if (next === value) return;
      value = next;
      for (const listener of [...listeners]) listener();
    },
    listen(listener) {
      // A function that is passed twice counts as two listeners.
      const own = () => listener();
      listeners.add(own);
      return () => void listeners.delete(own);
    },
  };
}
