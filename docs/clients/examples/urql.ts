import { resumable } from '@sluice/client';
import { Client, cacheExchange, fetchExchange, gql, subscriptionExchange } from '@urql/core';
import { createClient, type Sink } from 'graphql-ws';

const url = process.env.SLUICE_URL ?? 'http://127.0.0.1:4000/graphql';

const sockets = resumable(createClient({ url: url.replace('http', 'ws') }));
const client = new Client({
  url,
  exchanges: [
    cacheExchange,
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query = '', variables }) => ({
        subscribe: (sink) => ({
          unsubscribe: sockets.subscribe({ query, variables }, sink as Sink),
        }),
      }),
    }),
  ],
});

const started = await client.mutation(
  gql`
    mutation Start {
      startIngestion(input: { mappingId: "crm-profiles" }) {
        ... on IngestionSubmitted { request { id status } }
        ... on IngestionAlreadyInProgress { request { id status } }
        ... on StartIngestionFailure { message }
      }
    }
  `,
  {},
);
if (started.error) throw started.error;
const { request, message } = started.data.startIngestion;
if (!request) throw new Error(message);

const follow = gql`
  subscription Follow($id: ID) {
    ingestionStatusChanged(id: $id) { to request { id status } }
  }
`;
await new Promise<void>((resolve) => {
  const { unsubscribe } = client
    .subscription(follow, { id: request.id })
    .subscribe(({ data, error }) => {
      if (error) throw error;
      const { to } = data.ingestionStatusChanged;
      console.log(to);
      if (to === 'IN_PROGRESS') return;
      unsubscribe();
      resolve();
    });
});
await sockets.dispose();
