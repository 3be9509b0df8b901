import { Agent, type Dispatcher, Pool, ProxyAgent } from 'undici';

/** The forward proxy that a URL is reached through, and the variable that names it; null where there is none. */
export type ProxyOf = (url: URL) => { readonly url: string; readonly variable: string } | null;

/** The connections to Platform and IMS. */
export interface Connections {
  /** Those for a call. POST has one of its own: on one that was idle it could be lost without anybody knowing. */
  of(method: string): Dispatcher;
  /** Completes "had no answer", where a proxy is on the way. */
  wayTo(url: URL): string;
  /** Cut off all calls. */
  close(): Promise<void>;
}

/** What is in between drops idle connections without telling, whatever the other side says. In ms. */
const MAX_IDLE_MS = 10_000;

/** Open connections as they are needed. */
export function openConnections(proxyOf: ProxyOf = () => null): Connections {
  const kept = open(1);
  const single = open(0);

  /** @param pipelining - 1 for connections that are kept; 0 for one each */
  function open(pipelining: 0 | 1): Dispatcher {
    const options = { pipelining, keepAliveMaxTimeout: MAX_IDLE_MS };
    return new Agent({
      ...options,
      factory(origin, given) {
        const proxy = proxyOf(new URL(origin));
        if (proxy === null) return new Pool(origin, given as Pool.Options);
        return new ProxyAgent({
          uri: proxy.url,
          // Else plain HTTP would go to the proxy over connections with options of their own.
          factory: (to, more) => new Pool(to, { ...more, ...options }),
        });
      },
    });
  }

  return {
    of: (method) => (method === 'POST' ? single : kept),
    wayTo(url) {
      const proxy = proxyOf(url);
      if (proxy === null) return '';
      const { protocol, host } = new URL(proxy.url);
      return ` by way of the proxy ${protocol}//${host} (${proxy.variable})`;
    },
    async close() {
      await Promise.all([kept.destroy(), single.destroy()]);
    },
  };
}
