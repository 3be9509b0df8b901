import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A compared server with subscribers, in a separate process. */
export interface Contestant {
  readonly port: number;
  /** The number of subscribers that get every event from now on. */
  subscriberCount(): number;
  /** Deliver this many events to all, one after the other. */
  publish(count: number): Promise<void>;
  /** Clean up. */
  stop?(): Promise<void>;
}

/** Questions to a contestant, over the channel to its parent process. */
export type Question =
  | { readonly kind: 'subscribers' }
  | { readonly kind: 'usage' }
  | { readonly kind: 'publish'; readonly count: number };

/** Its answers. */
export interface Answer {
  readonly subscribers: number;
  /** The whole process's user and system time, in µs. */
  readonly cpuUs: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  /** When it was asked, in ns of the machine's monotonic clock. */
  readonly askedAtNs: bigint;
}

/** Listen on a free port. */
export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** Answer the parent process until it disconnects; needs `--expose-gc`. */
export function compete({ port, subscriberCount, publish, stop }: Contestant): void {
  process.on('message', async (question: Question) => {
    const askedAtNs = process.hrtime.bigint();
    if (question.kind === 'usage') await collectGarbage();
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    const subscribers = subscriberCount();
    const answer: Answer = {
      subscribers,
      cpuUs: user + system,
      rssBytes: rss,
      heapBytes: heapUsed,
      askedAtNs,
    };
    process.send?.(answer);
    if (question.kind === 'publish') await publish(question.count);
  });
  process.once('disconnect', async () => {
    await stop?.();
    process.exit();
  });
  process.send?.(port);
}

/**
 * Also return memory to the system that the heap keeps for more objects. Twice, with a pause, because some objects are
 * still in use at first.
 */
async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 2; i += 1) {
    globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Let sockets read and write between two events. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
