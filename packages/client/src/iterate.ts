import type { Sink } from 'graphql-ws';

interface Waiting<Result> {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Read a subscription with `for await`. Leaving the loop, or `return()` while a `next()` waits, ends the
 * subscription at once.
 */
export function iterate<Item>(
  subscribe: (sink: Sink<Item>) => () => void,
): AsyncIterableIterator<Item> {
  type Result = IteratorResult<Item, undefined>;
  const done: Result = { done: true, value: undefined };
  const items: Item[] = [];
  const waiting: Waiting<Result>[] = [];
  let end: { readonly failure?: { readonly error: unknown } } | null = null;

  const leave = subscribe({
    next(value) {
      const next = waiting.shift();
      if (next) next.resolve({ done: false, value });
      else items.push(value);
    },
    error: (error) => finish({ failure: { error } }),
    complete: () => finish({}),
  });

  function finish(how: NonNullable<typeof end>): void {
    end ??= how;
    for (const next of waiting.splice(0)) settle(next);
  }

  function settle(next: Waiting<Result>): void {
    const failure = end?.failure;
    // A failure is thrown once.
    end = {};
    if (failure) next.reject(failure.error);
    else next.resolve(done);
  }

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next() {
      return new Promise((resolve, reject) => {
        const [value] = items.splice(0, 1);
        if (value !== undefined) resolve({ done: false, value });
        else if (end) settle({ resolve, reject });
        else waiting.push({ resolve, reject });
      });
    },
    async return() {
      items.length = 0;
      end = {};
      finish({});
      leave();
      return done;
    },
    async throw(error) {
      await this.return?.();
      throw error;
    },
  };
}
