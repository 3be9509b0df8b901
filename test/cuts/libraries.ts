import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { type ResumableOptions, resumable, resumableFetch } from '@sluice/client';
import {
  cacheExchange,
  createRequest,
  createClient as createUrqlClient,
  type ExecutionResult,
  fetchExchange,
  subscriptionExchange,
} from '@urql/core';
import { EventSource } from 'eventsource';
import { OperationTypeNode } from 'graphql';
import { createClient, type FormattedExecutionResult } from 'graphql-ws';
import {
  Environment,
  type GraphQLResponse,
  type GraphQLTaggedNode,
  Network,
  Observable,
  RecordSource,
  requestSubscription,
  Store,
} from 'relay-runtime';
import { onEnd, pipe, subscribe } from 'wonka';
import type { Followed } from '../crash/follower.js';
import relayActivity from './relay/relayActivitySubscription.graphql.js';
import relayChanges from './relay/relayChangesSubscription.graphql.js';

/** What a library gives those who subscribe through it. */
export interface Listener {
  next(data: unknown): void;
  fail(failure: unknown): void;
  complete(): void;
}

/** A client of one library, with its own connection. */
export interface Member {
  subscribe(followed: Followed, listener: Listener): () => void;
  /** Resolves once it knows its place, after which it misses nothing; left out if nobody can tell. */
  ready?(): Promise<void>;
  close(): Promise<void>;
}

/** @param url - such as `https://sluice.example/graphql` */
export type CreateMember = (url: string, options: ResumableOptions) => Member | Promise<Member>;

const fields = '{ from to info numRecords request { mappingId requestId } }';
const changes = `subscription Changes($mappingId: ID!, $requestId: ID!) { ingestionStatusChanged(mappingId: $mappingId, requestId: $requestId) ${fields} }`;
const activity = `subscription Activity { ingestionActivity ${fields} }`;

/** The libraries, each used as its documentation says, over connections that resume. */
export const libraries: Readonly<Record<string, CreateMember>> = {
  'graphql-ws': (url, options) => {
    const sockets = openSockets(url, options);
    return toMember(sockets, (followed, listener) =>
      sockets.subscribe(toOperation(followed), {
        next: ({ data, errors }: FormattedExecutionResult) =>
          errors ? listener.fail(errors) : listener.next(data),
        error: listener.fail,
        complete: listener.complete,
      }),
    );
  },
  apollo(url, options) {
    const sockets = openSockets(url, options);
    const client = new ApolloClient({
      cache: new InMemoryCache(),
      link: ApolloLink.split(
        ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
        new GraphQLWsLink(sockets),
        new HttpLink({ uri: url }),
      ),
    });
    return toMember(sockets, (followed, listener) => subscribeByApollo(client, followed, listener));
  },
  urql(url, options) {
    const sockets = openSockets(url, options);
    const client = createUrqlClient({
      url,
      exchanges: [
        cacheExchange,
        fetchExchange,
        subscriptionExchange({
          forwardSubscription: ({ query = '', variables }) => ({
            subscribe: (sink) => ({
              unsubscribe: sockets.subscribe(
                { query, variables: variables ?? {} },
                { ...sink, next: (result) => sink.next(result as ExecutionResult) },
              ),
            }),
          }),
        }),
      ],
    });
    return toMember(sockets, (followed, listener) => {
      const { query, variables } = toOperation(followed);
      const { unsubscribe } = pipe(
        client.executeSubscription(createRequest(query, variables)),
        onEnd(listener.complete),
        subscribe(({ data, error, hasNext }) => {
          if (error) listener.fail(error);
          // When a subscription completes, urql gives its last result again, with `hasNext` false.
          else if (hasNext) listener.next(data);
        }),
      );
      return unsubscribe;
    });
  },
  relay(url, options) {
    const sockets = openSockets(url, options);
    const environment = new Environment({
      store: new Store(new RecordSource()),
      network: Network.create(
        () => {
          throw new Error('There are subscriptions only.');
        },
        ({ text, name }, variables) =>
          Observable.create<GraphQLResponse>((sink) =>
            sockets.subscribe(
              { operationName: name, query: text ?? '', variables },
              {
                next: (result: FormattedExecutionResult) => sink.next(result as GraphQLResponse),
                error: (failure) => sink.error(failure as Error),
                complete: () => sink.complete(),
              },
            ),
          ),
      ),
    });
    return toMember(sockets, (followed, listener) => {
      const { dispose } = requestSubscription(environment, {
        subscription: (followed.kind === 'all' ? relayActivity : relayChanges) as GraphQLTaggedNode,
        variables: toOperation(followed).variables,
        onNext: listener.next,
        onError: listener.fail,
        onCompleted: listener.complete,
      });
      return dispose;
    });
  },
  multipart(url, options) {
    const client = new ApolloClient({
      cache: new InMemoryCache(),
      link: new HttpLink({ uri: url, fetch: resumableFetch(toFetchOptions(options)) }),
    });
    return {
      subscribe: (followed, listener) => subscribeByApollo(client, followed, listener),
      close: async () => client.stop(),
    };
  },
  EventSource: (url, options) => ({
    subscribe(followed, listener) {
      const address = new URL(`${url}/stream`);
      const { query, variables } = toOperation(followed);
      address.searchParams.set('query', query);
      address.searchParams.set('variables', JSON.stringify(variables));
      const source = new EventSource(address, { fetch: resumableFetch(toFetchOptions(options)) });
      source.addEventListener('next', ({ data }) => {
        const result = JSON.parse(data) as FormattedExecutionResult;
        // After an error that may pass, the source reconnects.
        if (result.data) listener.next(result.data);
        else if (!/SHUTTING_DOWN|retryAfterMs/.test(data)) listener.fail(data);
      });
      source.addEventListener('complete', () => {
        source.close();
        listener.complete();
      });
      source.addEventListener('error', ({ message }) => {
        if (source.readyState === source.CLOSED) listener.fail(message);
      });
      return () => source.close();
    },
    close: async () => {},
  }),
};

/** A stream is silent as long as nothing happens, up to the next heartbeat; here it is taken for dead long before. */
function toFetchOptions({ maxRetryDelayMs = 0, pingMs = 0 }: ResumableOptions) {
  return { maxRetryDelayMs, silentMs: 4 * pingMs };
}

function openSockets(url: string, options: ResumableOptions) {
  return resumable(createClient({ url: url.replace(/^http/, 'ws') }), options);
}

function toMember(
  { connection, dispose }: ReturnType<typeof openSockets>,
  subscribe: Member['subscribe'],
): Member {
  return {
    subscribe,
    async ready() {
      while (connection.get().state !== 'upToDate') {
        const changed = Promise.withResolvers<void>();
        const stop = connection.listen(changed.resolve);
        await changed.promise;
        stop();
      }
    },
    close: async () => dispose(),
  };
}

function subscribeByApollo(
  client: ApolloClient,
  followed: Followed,
  listener: Listener,
): () => void {
  const { query, variables } = toOperation(followed);
  const subscription = client.subscribe({ query: gql(query), variables }).subscribe({
    next: ({ data, error }) => (error ? listener.fail(error) : listener.next(data)),
    error: listener.fail,
    complete: listener.complete,
  });
  return () => subscription.unsubscribe();
}

function toOperation(followed: Followed): { query: string; variables: Record<string, string> } {
  return followed.kind === 'all'
    ? { query: activity, variables: {} }
    : { query: changes, variables: { ...followed.ref } };
}
