import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { readMetric } from '../support/metrics.js';
import { openSocket, type RawSocket } from '../support/raw-socket.js';

/** What one who means ill does to a gateway. Resolves once the gateway has put an end to it, with how, in words. */
export interface Attack {
  readonly name: string;
  run(url: string, count: number): Promise<string>;
}

/** Connections that say nothing, and such as begin an upgrade and never end it. */
const halfOpen: Attack = {
  name: 'half-open connections',
  async run(url, count) {
    const { hostname, port } = new URL(url);
    const beginning =
      'GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
    const ended: Promise<unknown>[] = [];
    for (let index = 0; index < count; index += 1) {
      const socket = connect({ host: hostname, port: Number(port) });
      ended.push(endOf(socket));
      await once(socket, 'connect');
      if (index % 2) socket.write(beginning);
      socket.resume();
    }
    await Promise.all(ended);
    return 'all closed, for no whole request came in time';
  },
};

function endOf(socket: Socket): Promise<unknown> {
  socket.on('error', () => {});
  return new Promise((resolve) => socket.once('close', resolve));
}

/** WebSockets that are opened and never say hello. */
const noInit: Attack = {
  name: 'sockets without connection_init',
  async run(url, count) {
    const closed: Promise<number>[] = [];
    for (let index = 0; index < count; index += 1) {
      closed.push((await openSocket(url, { isGreeted: false })).closed);
    }
    return closedWith(4408, await Promise.all(closed));
  },
};

/** Pings of both kinds, from one who never reads the pongs. */
const pings: Attack = {
  name: 'pings, their pongs not read',
  run: (url, count) =>
    flood(url, count, (socket, index) => {
      if (index % 2) socket.webSocket.ping('x'.repeat(125));
      else socket.send({ type: 'ping', payload: { x: 'x'.repeat(1_000) } });
    }),
};

/** Each is answered behind what came before it. */
const LOOKS = 20;

/** On a socket, by default. */
const MAX_OPERATIONS = 100;

const SCHEMA = '{ __schema { types { name description fields { name description } } } }';

/** Large answers, none of which is read: as many as may be under way at a time, on many sockets. */
const unread: Attack = {
  name: 'sockets whose answers are not read',
  async run(url, count) {
    const sockets: RawSocket[] = [];
    for (let index = 0; index < count; index += 1) {
      const socket = await openSocket(url);
      socket.webSocket.pause();
      for (let id = 0; id < MAX_OPERATIONS; id += 1) {
        socket.send({ type: 'subscribe', id: `${id}`, payload: { query: SCHEMA } });
      }
      sockets.push(socket);
    }
    let waiting = 0;
    for (let look = 0; look < LOOKS; look += 1) {
      waiting = Math.max(waiting, await readMetric(url, 'sluice_websocket_buffered_bytes'));
    }
    for (const { webSocket } of sockets) webSocket.terminate();
    await Promise.all(sockets.map(({ closed }) => closed));
    return `at most ${Math.round(waiting / 1024 / count)} KB waited for each, beside what the kernel took`;
  },
};

/** Send until the gateway takes no more, or all of it is sent; then go. */
async function flood(
  url: string,
  count: number,
  send: (socket: RawSocket, index: number) => void,
): Promise<string> {
  const socket = await openSocket(url);
  socket.webSocket.pause();
  for (let index = 0; index < count; index += 1) {
    send(socket, index);
    // Others of this process want to work too.
    if (index % 500 === 0) await turn();
  }
  const left = await untilNothingMoves(socket);
  socket.webSocket.terminate();
  await socket.closed;
  return `not read from any more: ${Math.round(left / 1024)} KB stayed unsent`;
}

/** Wait until the gateway has taken nothing for a while. @returns the bytes that it did not take */
async function untilNothingMoves({ webSocket }: RawSocket): Promise<number> {
  let left = webSocket.bufferedAmount;
  for (let since = performance.now(); performance.now() - since < STILL_MS; await turn()) {
    if (webSocket.bufferedAmount === left) continue;
    left = webSocket.bufferedAmount;
    since = performance.now();
  }
  return left;
}

const STILL_MS = 500;

/** Frames of 1 MiB, each on a socket of its own. */
const largeFrames: Attack = {
  name: 'frames of 1 MiB',
  async run(url, count) {
    const frame = Buffer.alloc(1024 * 1024, 'x');
    const codes: number[] = [];
    for (let index = 0; index < count; index += 1) {
      const socket = await openSocket(url);
      socket.send(frame);
      codes.push(await socket.closed);
    }
    return closedWith(1009, codes);
  },
};

/** Subscriptions on one socket, all at once. */
const manySubscribes: Attack = {
  name: 'subscribes on one socket',
  async run(url, count) {
    const socket = await openSocket(url);
    const query = 'subscription { ingestionActivity { to } }';
    for (let index = 0; index < count; index += 1) {
      socket.send({ type: 'subscribe', id: `s${index}`, payload: { query } });
    }
    const { length } = await refusals(socket, count - MAX_OPERATIONS);
    await socket.close();
    return `${length} refused with TOO_MANY_OPERATIONS`;
  },
};

async function refusals(socket: RawSocket, count: number): Promise<readonly string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const { type, id, payload } = await socket.next();
    if (type === 'next') continue;
    if (!JSON.stringify(payload).includes('TOO_MANY_OPERATIONS')) {
      throw new Error(`A subscribe was answered ${type}: ${JSON.stringify(payload)}`);
    }
    ids.push(String(id));
  }
  return ids;
}

/** Two operations of one id. */
const collidingIds: Attack = {
  name: 'ids that collide',
  async run(url, count) {
    const codes: number[] = [];
    const payload = { query: 'subscription { ingestionActivity { to } }' };
    for (let index = 0; index < count; index += 1) {
      const socket = await openSocket(url);
      for (let time = 0; time < 2; time += 1) socket.send({ type: 'subscribe', id: 'x', payload });
      codes.push(await socket.closed);
    }
    return closedWith(4409, codes);
  },
};

/** @throws where any was closed with another code */
function closedWith(code: number, codes: readonly number[]): string {
  const others = codes.filter((other) => other !== code);
  if (others.length > 0) throw new Error(`Closed with ${others[0]} in place of ${code}.`);
  return `all closed with ${code}`;
}

/** Each with how often it is done at full strength. */
export const attacks: readonly (readonly [Attack, number])[] = [
  [halfOpen, 10_000],
  [noInit, 5_000],
  [pings, 400_000],
  [largeFrames, 200],
  [manySubscribes, 10_000],
  [collidingIds, 1_000],
  [unread, 50],
];
