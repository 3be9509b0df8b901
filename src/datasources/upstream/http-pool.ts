import type { IncomingHttpHeaders } from 'node:http';
import { type Dispatcher, Pool, ProxyAgent } from 'undici';
import type { Clock } from '../../ingestion/ports.js';
import {
  findProxy,
  type OutgoingProxies,
  type ProxyFault,
  toProxyFault,
} from './outgoing-proxy.js';
import { parseRetryAfterMs } from './retry-after.js';

/** What connections are made with. */
export interface HttpPoolOptions {
  readonly clock: Clock;
  /** No answer is believed that asks for a longer wait than this, in ms. */
  readonly maxWaitMs?: number | undefined;
  readonly proxies?: OutgoingProxies | undefined;
}

/** Connections to one origin, and what is to be known of it to make sense of its answers. */
export interface HttpPool {
  dispatch(
    options: Omit<Dispatcher.DispatchOptions, 'origin'>,
    handler: Dispatcher.DispatchHandler,
  ): void;
  /** How long an answer asks to be left alone, in ms. */
  toRetryAfterMs(headers: IncomingHttpHeaders): number | undefined;
  /** What a proxy on the way did to a call that failed, if it did anything. */
  toProxyFault(cause: Error, isSent: boolean): ProxyFault | undefined;
  /** Cut every connection. */
  destroy(): Promise<void>;
}

/** Of the longest wait that is believed, where the settings do not say: five minutes. */
export const DEFAULT_MAX_WAIT_MS = 300_000;

/** Where the other side does not say for how long it keeps an idle connection, it is kept for this long. In ms. */
const IDLE_MS = 4_000;

/** And no longer than this, whatever it says: what is in between drops connections without telling. In ms. */
const MAX_IDLE_MS = 10_000;

/** After this long connections are made anew, in ms, so that they follow a name that leads elsewhere by now. */
const MAX_LIFE_MS = 300_000;

/**
 * Open connections to the origin of `url`, as they are needed.
 *
 * What may be repeated (GET) goes over connections that are kept. Everything else has one of its own: on one
 * that was idle it could be lost without anybody knowing whether it arrived.
 *
 * HTTP/1.1 only, so that "was it sent?" has one meaning. undici's timeouts for answers are off: the
 * deadline of the call is the only one, or two clocks would race to name the same failure. Its 10 s for
 * making a connection stay, for a connection that never comes is worth a second attempt.
 *
 * @see docs/adr/0025-two-clocks-and-the-way-out.md
 */
export function createHttpPool(
  url: URL,
  { clock, maxWaitMs = DEFAULT_MAX_WAIT_MS, proxies }: HttpPoolOptions,
): HttpPool {
  const { origin } = url;
  const proxy = findProxy(url, proxies);
  const single = open(0);
  const ending = new Set<Dispatcher>();
  let kept = open(1);
  let keptSince = clock.monotonicMs();
  let lastUsed = { monotonicMs: keptSince, wallMs: clock.now() };

  /** @param pipelining - 1 for connections that are kept; 0 for one each */
  function open(pipelining: 0 | 1): Dispatcher {
    const options = {
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: MAX_IDLE_MS,
      pipelining,
    };
    if (!proxy) return new Pool(origin, options);
    return new ProxyAgent({
      uri: proxy.url,
      requestTls: { allowH2: false },
      // Else calls in plain HTTP would go to the proxy over connections with options of their own.
      factory: (to, given) => new Pool(to, { ...given, ...options }),
    });
  }

  /**
   * The connections that are kept. undici counts how long they are idle with timers, which a process that was
   * frozen does not hear; and a machine that slept shows it only on the wall clock.
   */
  function takeKept(): Dispatcher {
    const now = { monotonicMs: clock.monotonicMs(), wallMs: clock.now() };
    const idleMs = Math.max(now.monotonicMs - lastUsed.monotonicMs, now.wallMs - lastUsed.wallMs);
    lastUsed = now;
    if (idleMs > MAX_IDLE_MS || now.monotonicMs - keptSince > MAX_LIFE_MS) {
      const old = kept;
      ending.add(old);
      // What is under way on them ends well.
      void old.close().finally(() => ending.delete(old));
      kept = open(1);
      keptSince = now.monotonicMs;
    }
    return kept;
  }

  return {
    dispatch(options, handler) {
      const dispatcher = options.method === 'GET' ? takeKept() : single;
      dispatcher.dispatch({ ...options, origin }, handler);
    },
    toRetryAfterMs: (headers) => parseRetryAfterMs(headers, { nowMs: clock.now(), maxWaitMs }),
    toProxyFault: (cause, isSent) => (proxy ? toProxyFault(proxy, cause, isSent) : undefined),
    async destroy() {
      await Promise.all([single, kept, ...ending].map((dispatcher) => dispatcher.destroy()));
    },
  };
}
