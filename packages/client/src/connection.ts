/**
 * How a client stands with its gateway.
 *
 *     idle ──subscribe──▶ connecting ──▶ connected ──▶ upToDate
 *                                            ▲            │ the connection is lost
 *                                            └── reconnecting ◀┘
 */
export type Connection =
  /** Nothing is subscribed. */
  | { readonly state: 'idle' }
  /** For the first time. */
  | { readonly state: 'connecting'; readonly since: Date }
  /** What is shown is as old as `since`, at least. */
  | { readonly state: 'reconnecting'; readonly since: Date }
  /** What was missed may still be on its way. */
  | { readonly state: 'connected' }
  /** The gateway has answered after everything was resumed, and had nothing more to tell. */
  | { readonly state: 'upToDate' };

/** A value that changes, and tells. */
export interface Watched<Value> {
  readonly get: () => Value;
  /** @returns stops it */
  readonly listen: (listener: () => void) => () => void;
}

/** Hold such a value. */
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
      // A function that is given twice is two listeners.
      const own = () => listener();
      listeners.add(own);
      return () => void listeners.delete(own);
    },
  };
}
