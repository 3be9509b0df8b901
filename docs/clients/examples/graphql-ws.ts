import { resumable } from '@sluice/client';
import { createClient } from 'graphql-ws';

const url = process.env.SLUICE_URL ?? 'http://127.0.0.1:4000/graphql';

const client = resumable(createClient({ url: url.replace('http', 'ws') }));

const { value: started } = await client
  .iterate<{ startIngestion: { request?: { id: string }; message?: string } }>({
    query: `mutation Start {
      startIngestion(input: { mappingId: "crm-profiles" }) {
        ... on IngestionSubmitted { request { id } }
        ... on IngestionAlreadyInProgress { request { id } }
        ... on StartIngestionFailure { message }
      }
    }`,
  })
  .next();
const { request, message } = started?.data?.startIngestion ?? {};
if (!request) throw new Error(message ?? JSON.stringify(started?.errors));

for await (const { data } of client.iterate<{ ingestionStatusChanged: { to: string } }>({
  query: 'subscription Follow($id: ID) { ingestionStatusChanged(id: $id) { to } }',
  variables: { id: request.id },
})) {
  console.log(data?.ingestionStatusChanged.to);
}
await client.dispose();
