import type { IncomingHttpHeaders } from 'node:http';
import { buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici';
import type { Clock } from '../../ingestion/ports.js';
import {
  findProxy,
  type OutgoingProxies,
  type ProxyError,
  toProxyError,
} from './outgoing-proxy.js';
import { parseRetryAfterMs } from './retry-after.js';
import { skippingContinue } from './skipped-continue.js';

/** How connections are made. */
export interface HttpPoolOptions {
  readonly clock: Clock;
  /** The longest wait that an answer may ask for, in ms; longer ones are cut to this. */
  readonly maxWaitMs?: number | undefined;
  readonly proxies?: OutgoingProxies | undefined;
}

/** The longest accepted wait if the settings don't say: five minutes. */
export const DEFAULT_MAX_WAIT_MS = 300_000;

/** How long an idle connection is kept if the other side does not say. In ms. */
const IDLE_MS = 4_000;

/** The maximum, whatever the other side says: machines in between drop connections silently. In ms. */
const MAX_IDLE_MS = 10_000;

/** The age at which connections are replaced, in ms, so that they follow changes of DNS. */
const MAX_LIFE_MS = 300_000;

/** Connections to one origin, and what is needed to interpret its answers. */
export type HttpPool = ReturnType<typeof createHttpPool>;

/**
 * Open connections to the origin of `url` on demand.
 *
 * Repeatable requests (GET) use kept connections. Every other request opens its own: on a connection that was idle it
 * could be lost without anybody knowing whether it arrived.
 *
 * HTTP/1.1 only, so that "was it sent?" has one meaning. undici's timeouts for answers are off: the call's deadline
 * is the only one, because two timers would race to name the same failure. Its 10 s for making a connection stay,
 * because a connection that never comes deserves a second attempt.
 *
 * @see docs/adr/0025-two-clocks-and-the-way-out.md
 */
export function createHttpPool(
  url: URL,
  { clock, maxWaitMs = DEFAULT_MAX_WAIT_MS, proxies }: HttpPoolOptions,
) {
  const { origin } = url;
  const proxy = findProxy(url, proxies);
  const single = open(0);
  const ending = new Set<Dispatcher>();
  let kept = open(1);
  let keptSince = clock.monotonicMs();
  let lastUsed = { monotonicMs: keptSince, wallMs: clock.now() };

  /** @param pipelining - 1 for kept connections; 0 for one request each */
  function open(pipelining: 0 | 1): Dispatcher {
    const options = {
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: MAX_IDLE_MS,
      pipelining,
    };
    const openPool = (to: URL | string, given: Pool.Options) => {
      const connect = skippingContinue(toConnector(given.connect));
      return new Pool(to, { ...given, ...options, connect });
    };
    if (!proxy) return openPool(origin, {});
    return new ProxyAgent({
      uri: proxy.url,
      requestTls: { allowH2: false },
      // Otherwise calls in plain HTTP would go to the proxy over connections with other options.
      factory: openPool,
    });
  }

  /**
   * The kept connections. undici measures their idle time with timers, which don't run while a process is frozen. If
   * the machine slept, only the wall clock shows it.
   */
  function takeKept(): Dispatcher {
    const now = { monotonicMs: clock.monotonicMs(), wallMs: clock.now() };
    const idleMs = Math.max(now.monotonicMs - lastUsed.monotonicMs, now.wallMs - lastUsed.wallMs);
    lastUsed = now;
    if (idleMs > MAX_IDLE_MS || now.monotonicMs - keptSince > MAX_LIFE_MS) {
      const old = kept;
      ending.add(old);
      // Calls in progress on them can finish.
      void old.close().finally(() => ending.delete(old));
      kept = open(1);
      keptSince = now.monotonicMs;
    }
    return kept;
  }

  return {
    dispatch(
      options: Omit<Dispatcher.DispatchOptions, 'origin'>,
      handler: Dispatcher.DispatchHandler,
    ): void {
      const dispatcher = options.method === 'GET' ? takeKept() : single;
      dispatcher.dispatch({ ...options, origin }, handler);
    },
    /** How long an answer asks us to wait, in ms. */
    toRetryAfterMs: (headers: IncomingHttpHeaders): number | undefined =>
      parseRetryAfterMs(headers, { nowMs: clock.now(), maxWaitMs }),
    /** What a proxy in between did to a failed call, if it did anything. */
    toProxyError: (cause: Error, isSent: boolean): ProxyError | undefined =>
      proxy ? toProxyError(proxy, cause, isSent) : undefined,
    /** Close every connection at once. */
    async destroy(): Promise<void> {
      await Promise.all([single, kept, ...ending].map((dispatcher) => dispatcher.destroy()));
    },
  };
}

function toConnector(connect: Pool.Options['connect']): buildConnector.connector {
  return typeof connect === 'function' ? connect : buildConnector({ ...connect, allowH2: false });
}
