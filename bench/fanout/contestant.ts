import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One of those that are compared: a server with subscribers, in a process of its own. */
export interface Contestant {
  readonly port: number;
  /** How many subscribers it has that get every event from now on. */
  subscriberCount(): number;
  /** Have so many events delivered to all, one behind the other. */
  publish(count: number): Promise<void>;
  /** Leave nothing behind. */
  stop?(): Promise<void>;
}

/** What a contestant is asked, over the channel to its parent process. */
export type Question =
  | { readonly kind: 'subscribers' }
  | { readonly kind: 'usage' }
  | { readonly kind: 'publish'; readonly count: number };

/** What it answers. */
export interface Answer {
  readonly subscribers: number;
  /** User and system time of the whole process, in µs. */
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

/** Answer the parent process until it lets go; needs `--expose-gc`. */
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

/** Twice, and a moment apart: what was in use at first is not in use then. */
async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 2; i += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Let sockets be read and written between two events. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
