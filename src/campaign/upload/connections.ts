import { Agent, type Dispatcher, Pool, ProxyAgent } from 'undici';

/** The forward proxy for a URL, and the variable that names it; null if there is none. */
export type ProxyOf = (url: URL) => { readonly url: string; readonly variable: string } | null;

/** Machines in between drop idle connections silently, whatever the other side says. In ms. */
const MAX_IDLE_MS = 10_000;

/** The connections to Platform and IMS. */
export type Connections = ReturnType<typeof openConnections>;

/** Open connections on demand. */
export function openConnections(proxyOf: ProxyOf = () => null) {
  const kept = open(1);
  const single = open(0);

  /** @param pipelining - 1 for kept connections; 0 for one call each */
  function open(pipelining: 0 | 1): Dispatcher {
    const options = { pipelining, keepAliveMaxTimeout: MAX_IDLE_MS };
    return new Agent({
      ...options,
      factory(origin, given) {
        const proxy = proxyOf(new URL(origin));
        if (proxy === null) return new Pool(origin, given as Pool.Options);
        return new ProxyAgent({
          uri: proxy.url,
          // Otherwise plain HTTP would go to the proxy over connections with other options.
          factory: (to, more) => new Pool(to, { ...more, ...options }),
        });
      },
    });
  }

  return {
    /**
     * The connections for a call. Each POST opens its own: on one that was idle it could be lost without anybody
     * knowing.
     */
    of: (method: string) => (method === 'POST' ? single : kept),
    /** Completes "had no answer" if there is a proxy. */
    wayTo(url: URL): string {
      const proxy = proxyOf(url);
      if (proxy === null) return '';
      const { protocol, host } = new URL(proxy.url);
      return ` by way of the proxy ${protocol}//${host} (${proxy.variable})`;
    },
    /** Cancel all calls. */
    async close(): Promise<void> {
      await Promise.all([kept.destroy(), single.destroy()]);
    },
  };
}
