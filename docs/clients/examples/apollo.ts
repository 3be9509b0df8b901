import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { resumable } from '@sluice/client';
import { possibleTypes, typePolicies } from '@sluice/client/apollo';
import { OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-ws';

const url = process.env.SLUICE_URL ?? 'http://127.0.0.1:4000/graphql';

const sockets = resumable(createClient({ url: url.replace('http', 'ws') }));
const client = new ApolloClient({
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(sockets),
    new HttpLink({ uri: url }),
  ),
  cache: new InMemoryCache({ possibleTypes, typePolicies }),
});

const { data } = await client.mutate<{
  startIngestion: { request?: { id: string }; message?: string };
}>({
  mutation: gql`
    mutation Start {
      startIngestion(input: { mappingId: "crm-profiles" }) {
        ... on IngestionSubmitted { request { id status } }
        ... on IngestionAlreadyInProgress { request { id status } }
        ... on StartIngestionFailure { message }
      }
    }
  `,
});
const id = data?.startIngestion.request?.id;
if (!id) throw new Error(data?.startIngestion.message);

const transitions = client.subscribe<{ ingestionStatusChanged: { to: string } }>({
  query: gql`
    subscription Follow($id: ID) {
      ingestionStatusChanged(id: $id) { to request { id } }
    }
  `,
  variables: { id },
});
await transitions.forEach(({ data }) => {
  console.log(data?.ingestionStatusChanged.to);
});

// The subscription has updated what the mutation put into the cache.
const status = gql`fragment Status on IngestionRequest { status }`;
console.log(client.readFragment({ id: `IngestionRequest:${id}`, fragment: status }));

client.stop();
await sockets.dispose();
