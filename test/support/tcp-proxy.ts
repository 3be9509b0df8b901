import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands between a client and a server, and spoils what passes. */
export interface TcpProxy {
  /** That of the server, by way of the proxy. */
  readonly url: string;
  /** Cut every connection; new ones are taken. */
  cut(): void;
  /** Once a client sends something with this text in it: pass it on or not, and cut that connection then. */
  cutAt(text: string, isPassedOn: boolean): void;
  /** Forget the connections that there are, as a NAT does: what comes over them is lost, and nobody is told. */
  forget(): void;
  /** Keep from clients, from now on, what servers say on connections over which this text was sent. */
  muffle(text: string): void;
  close(): Promise<void>;
}

/** Start one on a free port. */
export async function startTcpProxy(serverUrl: string): Promise<TcpProxy> {
  const target = new URL(serverUrl);
  const clients = new Set<Socket>();
  const sentByClient = new WeakMap<Socket, string>();
  let trap: { readonly text: string; readonly isPassedOn: boolean } | null = null;
  const forgotten = new WeakSet<Socket>();
  let muffled: string | null = null;

  const proxy = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    clients.add(client);
    client.on('data', (data) => {
      if (forgotten.has(client)) return;
      sentByClient.set(client, (sentByClient.get(client) ?? '') + data.toString('latin1'));
      const isTrapped = trap !== null && data.includes(trap.text);
      if (!isTrapped || trap?.isPassedOn) server.write(data);
      if (!isTrapped) return;
      trap = null;
      // The server reads what was passed on before it learns that nobody is there any more.
      client.destroy();
    });
    server.on('data', (data) => {
      const isMuffled = muffled !== null && sentByClient.get(client)?.includes(muffled);
      if (!isMuffled && !client.destroyed) client.write(data);
    });
    client.on('close', () => {
      clients.delete(client);
      server.end();
    });
    server.on('close', () => client.destroy());
    for (const socket of [client, server]) socket.on('error', () => {});
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const url = new URL(serverUrl);
  url.port = String((proxy.address() as AddressInfo).port);

  const cut = () => {
    for (const client of clients) client.destroy();
  };
  return {
    url: url.href,
    cut,
    cutAt(text, isPassedOn) {
      trap = { text, isPassedOn };
    },
    forget() {
      for (const client of clients) forgotten.add(client);
    },
    muffle(text) {
      muffled = text;
    },
    async close() {
      cut();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}
