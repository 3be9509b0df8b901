import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

const HOST = /^(?:\[([^\]]+)\]|([^:]+))(?::\d*)?$/;

/**
 * Whether a name leads to this machine, from wherever it is resolved.
 *
 * @param host - as in a URL or in the header of that name: `app.localhost`, `127.0.0.1:4000`, `[::1]`
 */
export function isLoopbackHost(host: string): boolean {
  const [, inBrackets, plain = ''] = HOST.exec(host.toLowerCase()) ?? [];
  const name = inBrackets ?? plain.replace(/\.$/, '');
  return isLoopback(name) || name.endsWith('.localhost');
}

/** Whether what listens at this address can be reached from its own machine only. */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true;
  const version = isIP(host);
  return version !== 0 && loopback.check(host, version === 4 ? 'ipv4' : 'ipv6');
}
