import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';

/** Forwards HTTP to a server, and treats WebSockets as configured. */
export interface HttpProxy {
  readonly url: string;
  /** Whether it forwards requests to the server; otherwise it answers 502. */
  isUp: boolean;
  /** Cut every connection; new ones are accepted. */
  cut(): void;
  close(): Promise<void>;
}

/** Start one on a free port. */
export async function startHttpProxy(
  serverUrl: string,
  onUpgrade: (socket: Duplex, request: IncomingMessage) => void,
): Promise<HttpProxy> {
  const proxy = {
    url: '',
    isUp: true,
    cut: () => server.closeAllConnections(),
    async close() {
      for (const socket of upgraded) socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  const upgraded = new Set<Duplex>();
  const server = createServer((asked, answer) => {
    if (!proxy.isUp) {
      answer.writeHead(502).end();
      return;
    }
    const { method, headers } = asked;
    const passed = request(new URL(asked.url ?? '/', serverUrl), { method, headers });
    passed.on('response', (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
      response.on('error', () => answer.destroy());
    });
    passed.on('error', () => answer.destroy());
    answer.on('close', () => passed.destroy());
    asked.pipe(passed);
  });
  server.on('upgrade', (request, socket) => {
    upgraded.add(socket);
    socket.on('error', () => {});
    onUpgrade(socket, request);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return proxy;
}

/** A proxy that lets WebSockets through. */
export function passUpgrade(serverUrl: string) {
  const { hostname, port } = new URL(serverUrl);
  return (socket: Duplex, { method, url, rawHeaders }: IncomingMessage): void => {
    const server = connect(Number(port), hostname);
    const headers = rawHeaders.map((text, index) =>
      index % 2 === 0 ? `${text}: ` : `${text}\r\n`,
    );
    server.write(`${method} ${url} HTTP/1.1\r\n${headers.join('')}\r\n`);
    server.on('error', () => socket.destroy());
    server.pipe(socket).pipe(server);
  };
}
