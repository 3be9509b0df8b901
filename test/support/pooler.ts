import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A pooler in front of a PostgreSQL server, as PgBouncer is with its defaults. */
export interface Pooler {
  /** The URL of the database through the pooler. */
  readonly url: string;
  close(): Promise<void>;
}

/** The startup parameters that PgBouncer accepts. */
const KNOWN_PARAMETERS = ['user', 'database', 'application_name', 'client_encoding'];

/** Pool sessions, one for each client, or transactions, each in any session. */
export type PoolMode = 'session' | 'transaction';

const READY = 'Z'.charCodeAt(0);
const KEY_DATA = 'K'.charCodeAt(0);
const TERMINATE = 'X'.charCodeAt(0);
const IDLE = 'I'.charCodeAt(0);

/** A session at the server, and its current client. */
interface Session {
  readonly socket: Socket;
  client: Socket | null;
}

/** Stand between a database and its clients as a pooler does. Each sign-in makes the server begin a session. */
export async function startPooler(databaseUrl: string, mode: PoolMode): Promise<Pooler> {
  const { hostname, port } = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  /** The free sessions; the last is used next. */
  const free: Session[] = [];

  function openSession(client: Socket): Session {
    const session: Session = { socket: connect(Number(port), hostname), client };
    sockets.add(session.socket);
    session.socket.on('error', () => {});
    let isNew = true;
    session.socket.on('close', () => session.client?.destroy());
    session.socket.on(
      'data',
      inMessages((message) => {
        if (message[0] === KEY_DATA) message.writeInt32BE(12345, 5);
        const { client } = session;
        client?.write(message);
        const isFree = mode === 'transaction' && message[0] === READY && message[5] === IDLE;
        if (!isFree || !client) return;
        session.client = null;
        // A pooler begins a session if none is free, so that nobody waits for an earlier one.
        if (isNew) free.unshift(session);
        else free.push(session);
        isNew = false;
      }),
    );
    return session;
  }

  const server = createServer((client) => {
    sockets.add(client);
    client.on('error', () => {});
    client.once('data', (startup) => {
      const unknown = toParameters(startup).find((name) => !KNOWN_PARAMETERS.includes(name));
      if (unknown !== undefined) return void client.end(toError(unknown));
      let session = openSession(client);
      session.socket.write(startup);
      client.on('close', () => {
        if (mode === 'session') session.socket.destroy();
      });
      client.on('data', (data) => {
        if (mode === 'transaction' && data[0] === TERMINATE) return;
        if (session.client !== client) session = free.pop() ?? openSession(client);
        session.client = client;
        session.socket.write(data);
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Collects bytes, and returns whole messages. */
function inMessages(take: (message: Buffer) => void): (data: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (data) => {
    rest = Buffer.concat([rest, data]);
    while (rest.length >= 5 && rest.length >= rest.readInt32BE(1) + 1) {
      const length = rest.readInt32BE(1) + 1;
      take(Buffer.from(rest.subarray(0, length)));
      rest = rest.subarray(length);
    }
  };
}

function toParameters(startup: Buffer): string[] {
  const texts = startup.subarray(8).toString().split('\0');
  return texts.filter((text, index) => index % 2 === 0 && text !== '');
}

function toError(parameter: string): Buffer {
  const fields = `SFATAL\0C08P01\0Munsupported startup parameter: ${parameter}\0\0`;
  const message = Buffer.alloc(5 + fields.length);
  message.write('E');
  message.writeInt32BE(4 + fields.length, 1);
  message.write(fields, 5);
  return message;
}
