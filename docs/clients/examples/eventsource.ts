// Browsers have it built in.
import { EventSource } from 'eventsource';

const url = process.env.SLUICE_URL ?? 'http://127.0.0.1:4000/graphql';

const answer = await fetch(url, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    query: `mutation Start {
      startIngestion(input: { mappingId: "crm-profiles" }) {
        ... on IngestionSubmitted { request { id } }
        ... on IngestionAlreadyInProgress { request { id } }
        ... on StartIngestionFailure { message }
      }
    }`,
  }),
});
const { data } = (await answer.json()) as {
  data: { startIngestion: { request?: { id: string }; message?: string } };
};
const { request, message } = data.startIngestion;
if (!request) throw new Error(message);

const params = new URLSearchParams({
  query: 'subscription Follow($id: ID) { ingestionStatusChanged(id: $id) { to cursor } }',
  variables: JSON.stringify({ id: request.id }),
});
const events = new EventSource(`${url}/stream?${params}`);
events.addEventListener('next', ({ data }) => {
  const { data: told, errors } = JSON.parse(data);
  console.log(told ? told.ingestionStatusChanged.to : errors);
});
// Otherwise it would reconnect.
events.addEventListener('complete', () => events.close());
