import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';

/** A way to a receiver on which calls go wrong. */
export interface FaultyPlatform extends AsyncDisposable {
  readonly url: string;
  /** How many calls went wrong. */
  readonly faultCount: number;
  /** Resolves when so many more calls have come. */
  called(times: number): Promise<void>;
}

/** Of so many calls one goes wrong. */
const CALLS_PER_FAULT = 15;

/** What does not answer is cut after this long, in ms. */
const HANG_MS = 300;

type Fault =
  /** Before the receiver has it, or after that. */
  | { readonly kind: 'reset' | 'lost' | 'hang' }
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  /** The answer has nothing that is counted. */
  | { readonly kind: 'blank' };

const FAULTS: readonly Fault[] = [
  { kind: 'reset' },
  { kind: 'lost' },
  { kind: 'lost' },
  { kind: 'hang' },
  { kind: 'answer', status: 429, body: '' },
  { kind: 'answer', status: 500, body: '' },
  { kind: 'answer', status: 503, body: '' },
  // As when a token runs out.
  { kind: 'answer', status: 401, body: '{"error_code":"401013"}' },
];

/** Look-ups of one batch can go wrong in more ways. */
const READ_FAULTS: readonly Fault[] = [
  ...FAULTS,
  { kind: 'answer', status: 404, body: '' },
  { kind: 'answer', status: 403, body: '' },
  { kind: 'blank' },
];

const IS_READ = /^\/data\/foundation\/catalog\/batches\/[^/?]+$/;

/** Forward calls to a receiver, some of them badly. */
export async function startFaultyPlatform(
  receiverUrl: string,
  random: () => number,
): Promise<FaultyPlatform> {
  let faultCount = 0;
  let waiting: { left: number; readonly resolve: () => void }[] = [];

  function count(): void {
    for (const one of waiting) {
      one.left -= 1;
      if (one.left <= 0) one.resolve();
    }
    waiting = waiting.filter(({ left }) => left > 0);
  }

  function nextFault(path: string): Fault | null {
    if (random() * CALLS_PER_FAULT >= 1) return null;
    faultCount += 1;
    const faults = IS_READ.test(path) ? READ_FAULTS : FAULTS;
    return faults[Math.floor(random() * faults.length)] ?? null;
  }

  const server = createServer(async (incoming, outgoing) => {
    const path = incoming.url ?? '/';
    count();
    const fault = nextFault(path);
    if (fault?.kind === 'reset') return void incoming.socket.destroy();
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk);
      if (fault?.kind === 'answer') {
        return void outgoing.writeHead(fault.status).end(fault.body);
      }
      const { host: _host, connection: _connection, ...headers } = incoming.headers;
      const answer = await request(`${receiverUrl}${path}`, {
        method: incoming.method as 'GET' | 'POST' | 'PUT',
        headers,
        body: chunks.length === 0 ? null : Buffer.concat(chunks),
      });
      const text = await answer.body.text();
      if (fault?.kind === 'lost') return void incoming.socket.destroy();
      if (fault?.kind === 'hang') {
        setTimeout(() => incoming.socket.destroy(), HANG_MS).unref();
        return;
      }
      const blank = text.replace(/"metrics":\{[^}]*\}/, '"metrics":null');
      outgoing.writeHead(answer.statusCode, { 'content-type': 'application/json' });
      outgoing.end(fault?.kind === 'blank' ? blank : text);
    } catch {
      // Whoever called was killed.
      incoming.socket.destroy();
    }
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get faultCount() {
      return faultCount;
    },
    called: (left) =>
      new Promise((resolve) => {
        waiting.push({ left, resolve });
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
