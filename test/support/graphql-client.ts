import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { type FormattedExecutionResult, type GraphQLFormattedError, print } from 'graphql';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

/** An answer over HTTP. */
export interface HttpResult<Data> {
  readonly httpStatus: number;
  readonly data: Data | null | undefined;
  readonly errors: readonly GraphQLFormattedError[] | undefined;
}

/** One subscription with its events so far. */
export interface Subscribed<Data> {
  readonly events: readonly FormattedExecutionResult<Data>[];
  /** Resolves once so many events have arrived. */
  received(count: number): Promise<readonly FormattedExecutionResult<Data>[]>;
  /** Resolves with all events once the server has completed it; otherwise rejects with the reason. */
  readonly completed: Promise<readonly FormattedExecutionResult<Data>[]>;
  unsubscribe(): void;
}

/** A client of one gateway, over HTTP and over its own WebSocket. */
export interface GraphQLClient {
  execute<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<HttpResult<Data>>;
  subscribe<Data, Variables extends Record<string, unknown>>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Subscribed<Data>;
  close(): Promise<void>;
}

/** @param url - the gateway's, such as `http://127.0.0.1:4000` */
export function createGraphQLClient(url: string): GraphQLClient {
  const socket: Client = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });

  return {
    async execute(document, variables) {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: print(document), variables }),
      });
      const { data, errors } = (await response.json()) as FormattedExecutionResult<never>;
      return { httpStatus: response.status, data, errors };
    },
    subscribe<Data, Variables extends Record<string, unknown>>(
      document: TypedDocumentNode<Data, Variables>,
      variables: Variables,
    ): Subscribed<Data> {
      const events: FormattedExecutionResult<Data>[] = [];
      const waiters: { count: number; resolve: () => void }[] = [];
      const { promise, resolve, reject } = Promise.withResolvers<typeof events>();
      // A test that ignores the end does not fail because of it.
      promise.catch(() => {});
      const unsubscribe = socket.subscribe<Data>(
        { query: print(document), variables },
        {
          next(event) {
            events.push(event as FormattedExecutionResult<Data>);
            for (const waiter of waiters) if (events.length >= waiter.count) waiter.resolve();
          },
          error: reject,
          complete: () => resolve(events),
        },
      );
      return {
        events,
        completed: promise,
        unsubscribe,
        async received(count) {
          const arrived = Promise.withResolvers<void>();
          waiters.push({ count, resolve: arrived.resolve });
          if (events.length >= count) arrived.resolve();
          // Whichever comes first: a stream that ended early fails the test now, not by its timeout.
          await Promise.race([arrived.promise, promise]);
          return events;
        },
      };
    },
    async close() {
      await socket.dispose();
    },
  };
}
