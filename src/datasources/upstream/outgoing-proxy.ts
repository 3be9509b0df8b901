import { BlockList, isIP } from 'node:net';

/** A forward proxy, as an environment variable names it. */
export interface ForwardProxy {
  /** Including its credentials, which are never shown. */
  readonly url: string;
  /** Such as `HTTPS_PROXY`. */
  readonly variable: string;
}

/** The proxies for calls, by URL scheme; null for a direct connection. */
export interface OutgoingProxies {
  readonly http: ForwardProxy | null;
  readonly https: ForwardProxy | null;
  /** Names, domains, addresses and networks to call directly, as in `NO_PROXY`; `*` for all. */
  readonly exempt: readonly string[];
}

/** The proxy for a URL, or null. This machine is always called directly. */
export function findProxy(url: URL, proxies: OutgoingProxies | undefined): ForwardProxy | null {
  const proxy = url.protocol === 'https:' ? proxies?.https : proxies?.http;
  if (!proxy) return null;
  const isExempt = [...THIS_MACHINE, ...(proxies?.exempt ?? [])].some((entry) =>
    covers(entry.toLowerCase(), url),
  );
  return isExempt ? null : proxy;
}

const THIS_MACHINE = ['localhost', '127.0.0.0/8', '::1'];

function covers(entry: string, url: URL): boolean {
  if (entry === '*') return true;
  const { name, port } = toNameAndPort(entry);
  if (port !== undefined && port !== (url.port || (url.protocol === 'https:' ? '443' : '80'))) {
    return false;
  }
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const version = isIP(host);
  if (version !== 0)
    return toAddresses(name)?.check(host, version === 4 ? 'ipv4' : 'ipv6') ?? false;
  const domain = name.replace(/^\*?\./, '').replace(/\.$/, '');
  return host === domain || host.endsWith(`.${domain}`);
}

/** The colons of a bare IPv6 address don't precede a port. */
function toNameAndPort(entry: string): { readonly name: string; readonly port?: string } {
  const [, inBrackets, portBehind] = /^\[(.+)\](?::(\d+))?$/.exec(entry) ?? [];
  if (inBrackets) return { name: inBrackets, ...(portBehind && { port: portBehind }) };
  const [, name, port] = /^([^:]+):(\d+)$/.exec(entry) ?? [];
  return name && port ? { name, port } : { name: entry };
}

/** An address or a network (`10.0.0.0/8`); null if it is neither. */
function toAddresses(name: string): BlockList | null {
  const [address = '', prefix] = name.split('/');
  const version = isIP(address);
  if (version === 0) return null;
  const addresses = new BlockList();
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const longest = version === 4 ? 32 : 128;
  const bits = prefix === undefined ? longest : Number(prefix);
  if (!Number.isInteger(bits) || bits < 0 || bits > longest) return null;
  addresses.addSubnet(address, bits, family);
  return addresses;
}

/** A proxy kept a call from its destination. The message completes "because …", and has no credentials. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
}

/** The error of a proxy that caused an error, if there is one. */
export function findProxyError(error: unknown): ProxyError | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof ProxyError) return cause;
  }
  return undefined;
}

/**
 * What a proxy did to a failed call; undefined if it was not the proxy's fault.
 *
 * @param isSent - the call itself was written to the proxy, so only the proxy's own answer can tell
 */
export function toProxyError(
  { url, variable }: ForwardProxy,
  cause: Error,
  isSent: boolean,
): ProxyError | undefined {
  const { protocol, host } = new URL(url);
  const toError = (what: string) =>
    new ProxyError(`the proxy ${protocol}//${host} (${variable}) ${what}`, { cause });
  // undici reports the status of the proxy's answer only in its messages.
  const [, status] = /^Proxy .*\((\d{3})\)/.exec(cause.message) ?? [];
  if (status === '407') {
    return toError(`asks for other credentials (HTTP 407): correct those in ${variable}`);
  }
  if (status !== undefined) return toError(`did not let the call through (HTTP ${status})`);
  const { code } = cause as NodeJS.ErrnoException;
  if (isSent || code === undefined || !UNREACHABLE.test(code)) return undefined;
  return toError(`cannot be reached (${code})`);
}

/** Codes of failed connections to the proxy. Failures beyond the proxy have others. */
const UNREACHABLE =
  /^(ECONN|EHOST|ENET|ENOTFOUND|EAI_|ETIMEDOUT|EPIPE|UND_ERR_(PRX|CONNECT_TIMEOUT|SOCKET))/;
