import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

const HOST = /^(?:\[([^\]]+)\]|([^:]+))(?::\d*)?$/;

/**
 * Whether a name always refers to this machine, wherever it is resolved.
 *
 * @param host - as in a URL or a Host header: `app.localhost`, `127.0.0.1:4000`, `[::1]`
 */
export function isLoopbackHost(host: string): boolean {
  const [, inBrackets, plain = ''] = HOST.exec(host.toLowerCase()) ?? [];
  const name = inBrackets ?? plain.replace(/\.$/, '');
  return isLoopback(name) || name.endsWith('.localhost');
}

/** Whether only this machine can reach what listens at this address. */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true;
  const version = isIP(host);
  return version !== 0 && loopback.check(host, version === 4 ? 'ipv4' : 'ipv6');
}
