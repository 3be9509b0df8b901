import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An upstream whose requests never end, and the number of calls to it. */
export interface EndlessUpstream {
  readonly url: string;
  readonly pollCount: number;
  close(): void;
}

/** Start one. */
export async function startEndlessUpstream(): Promise<EndlessUpstream> {
  let requestCount = 0;
  let pollCount = 0;
  const server = createServer((request, response) => {
    const send = (value: unknown) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (request.method === 'POST') {
      requestCount += 1;
      send({ requestId: String(requestCount), info: 'submitted', status: 'Success' });
      return;
    }
    pollCount += 1;
    const requestId = new URL(request.url ?? '/', 'http://upstream').searchParams.get('requestId');
    send({ requestId, status: 'In Progress', info: '', batchId: '', numRecords: 0 });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    get pollCount() {
      return pollCount;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
