import { once } from 'node:events';
import { createServer, request as requestHttp } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** A forward proxy as companies have; it leads every name to one server. */
export interface TestForwardProxy {
  /** Without credentials and a trailing slash. */
  readonly url: string;
  /** The requests, as `CONNECT name:port` or `POST http://name/path`. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** How the proxy treats its clients. */
export interface ForwardProxyRules {
  /** Refuse everything with this status. */
  readonly refusal?: number;
  /** Accept only these credentials, as `user:password`. */
  readonly credentials?: string;
}

/** Start one on a free port in front of a server. */
export async function startForwardProxy(
  serverUrl: string,
  { refusal, credentials }: ForwardProxyRules = {},
): Promise<TestForwardProxy> {
  const { hostname, port } = new URL(serverUrl);
  const asked: string[] = [];
  const tunnels = new Set<Socket>();
  const wanted = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
  const refusalOf = (shown: string | undefined) =>
    wanted !== undefined && shown !== wanted ? 407 : refusal;

  const server = createServer((incoming, response) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    const status = refusalOf(incoming.headers['proxy-authorization']);
    if (status !== undefined) return void response.writeHead(status).end('refused');
    const { pathname, search } = new URL(incoming.url ?? '');
    const { 'proxy-authorization': _shown, ...headers } = incoming.headers;
    const { method } = incoming;
    const onward = requestHttp({ hostname, port, method, path: `${pathname}${search}`, headers });
    onward.on('continue', () => response.writeContinue());
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(onward);
  });
  server.on('connect', (incoming, client: Socket) => {
    asked.push(`CONNECT ${incoming.url}`);
    const status = refusalOf(incoming.headers['proxy-authorization']);
    if (status !== undefined) return void client.end(`HTTP/1.1 ${status} Refused\r\n\r\n`);
    const target = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(target).pipe(client);
    });
    for (const socket of [client, target]) {
      tunnels.add(socket);
      socket.on('error', () => {});
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      for (const socket of tunnels) socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
