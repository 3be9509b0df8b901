import { connect } from 'node:net';

/** The result of one round. */
export interface Load {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What to send, and where. */
export interface LoadOptions {
  readonly url: URL;
  readonly connections: number;
  readonly durationMs: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The next body to send. */
  readonly next: () => string;
}

const HEAD_END = '\r\n\r\n';

/**
 * Send queries over this many connections, each again once it has its answer.
 *
 * Over bare sockets, because a client that parsed the answers would be slower than the servers.
 */
export async function load(options: LoadOptions): Promise<Load> {
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: options.connections }, () => askOn(options, startedAt, latenciesMs)),
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  latenciesMs.sort((a, b) => a - b);
  const at = (share: number) => latenciesMs[Math.floor(latenciesMs.length * share)] ?? Number.NaN;
  return { perSecond: latenciesMs.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
}

function askOn(
  { url, durationMs, headers, next }: LoadOptions,
  startedAt: number,
  latenciesMs: number[],
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const head = [
    'POST /graphql HTTP/1.1',
    `host: ${url.host}`,
    'content-type: application/json',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ].join('\r\n');
  const socket = connect(Number(url.port), url.hostname);
  socket.setNoDelay(true);
  let sentAt = 0;
  let received = '';

  function send(): void {
    const body = next();
    sentAt = performance.now();
    socket.write(`${head}\r\ncontent-length: ${Buffer.byteLength(body)}${HEAD_END}${body}`);
  }

  socket.setEncoding('latin1');
  socket.on('connect', send);
  socket.on('error', reject);
  socket.on('data', (part: string) => {
    received += part;
    const end = received.indexOf(HEAD_END);
    if (end === -1) return;
    const length = Number(/content-length: (\d+)/i.exec(received)?.[1]);
    if (received.length < end + HEAD_END.length + length) return;
    if (!received.startsWith('HTTP/1.1 200') || received.includes('"errors":')) {
      reject(new Error(`Not answered: ${received}`));
      socket.destroy();
      return;
    }
    received = '';
    const now = performance.now();
    latenciesMs.push(now - sentAt);
    if (now - startedAt < durationMs) return send();
    socket.destroy();
    resolve();
  });
  return promise;
}
