import { WebSocket } from 'ws';

/** Sockets with one subscription each. */
export interface Subscribers {
  close(): void;
}

/**
 * Subscribe to all transitions this many times.
 *
 * @param onEvent - called with each delivery's `observedAt` in ms since the epoch
 */
export async function subscribe(
  urls: readonly string[],
  count: number,
  onEvent: (observedAt: number) => void = () => {},
): Promise<Subscribers> {
  const query = 'subscription { ingestionActivity { observedAt } }';
  const sockets: WebSocket[] = [];
  for (let index = 0; index < count; index += 1) {
    const url = (urls[index % urls.length] ?? '').replace('http', 'ws');
    const socket = new WebSocket(`${url}/graphql`, 'graphql-transport-ws');
    sockets.push(socket);
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('open', () => socket.send('{"type":"connection_init"}'));
      socket.on('message', (data) => {
        const message = JSON.parse(String(data));
        if (message.type === 'connection_ack') {
          socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
          resolve();
        }
        if (message.type !== 'next') return;
        onEvent(Date.parse(message.payload.data.ingestionActivity.observedAt));
      });
    });
  }
  return {
    close() {
      for (const socket of sockets) socket.terminate();
    },
  };
}

/** Start an ingestion. */
export async function start(url: string, mappingId: string): Promise<void> {
  const query = `mutation Start($mappingId: ID!) { startIngestion(input: { mappingId: $mappingId }) {
    ... on IngestionSubmitted { request { requestId } } } }`;
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { mappingId } }),
  });
  const { errors } = (await response.json()) as { errors?: readonly { message: string }[] };
  if (errors?.[0]) throw new Error(errors[0].message);
}
