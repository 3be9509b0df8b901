import { resumable } from '@sluice/client';
import { createClient, type Sink } from 'graphql-ws';
import {
  Environment,
  type GraphQLResponse,
  Network,
  Observable,
  RecordSource,
  Store,
} from 'relay-runtime';

const url = process.env.SLUICE_URL ?? 'http://127.0.0.1:4000/graphql';
const sockets = resumable(createClient({ url: url.replace('http', 'ws') }));

export const environment = new Environment({
  store: new Store(new RecordSource()),
  network: Network.create(
    async ({ text }, variables) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: text, variables }),
      });
      return (await response.json()) as GraphQLResponse;
    },
    ({ text }, variables) =>
      Observable.create((sink) =>
        sockets.subscribe({ query: text ?? '', variables }, sink as Sink),
      ),
  ),
});
