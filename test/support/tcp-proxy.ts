import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A proxy between a client and a server that can interfere with the traffic. */
export interface TcpProxy {
  /** The URL of the server through the proxy. */
  readonly url: string;
  /** Cut every connection; new ones are accepted. */
  cut(): void;
  /** Once a client sends this text: forward it or not, and then cut that connection. */
  cutAt(text: string, isPassedOn: boolean): void;
  /** Forget the existing connections, as a NAT does: what is sent over them is silently lost. */
  forget(): void;
  /** From now on, withhold the answers on connections over which this text was sent. */
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
      // The server reads what was forwarded before it learns of the cut.
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
