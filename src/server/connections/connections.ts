import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** The connections of an HTTP server, including those that it has handed over and no longer tracks: its WebSockets. */
export type Connections = ReturnType<typeof trackConnections>;

/** Track every connection of a server that does not listen yet. */
export function trackConnections(server: Server) {
  const open = new Set<Socket>();
  // One listener for all, instead of a closure for each.
  function onClose(this: Socket): void {
    open.delete(this);
  }
  server.on('connection', (connection) => {
    open.add(connection);
    connection.on('close', onClose);
  });
  return {
    /** Close connections on which nothing was ever sent. Anything sent from now on would be refused. */
    cutSilent(): void {
      for (const connection of open) if (connection.bytesRead === 0) connection.destroy();
    },
    /** Close all open connections at once, whoever has them. @returns how many there were */
    cut(): number {
      const { size } = open;
      for (const connection of open) connection.destroy();
      return size;
    },
    /** Resolves once none is open. */
    async closed(): Promise<void> {
      while (open.size > 0) {
        const [connection] = open;
        await new Promise((resolve) => connection?.once('close', resolve));
      }
    },
  };
}
