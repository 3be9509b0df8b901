import { isIP, SocketAddress } from 'node:net';

/**
 * Normalise an IP address: `2001:DB8:0::1` is `2001:db8::1`, `::ffff:192.0.2.1` is `192.0.2.1`. A zone is removed,
 * because only the machine that wrote it knows it.
 *
 * @returns undefined if the text is not an address
 */
export function toIpAddress(text: string): string | undefined {
  const version = isIP(text);
  if (version === 0) return undefined;
  if (version === 4) return text;
  const [plain = ''] = text.split('%', 1);
  const { address } = new SocketAddress({ address: plain, family: 'ipv6' });
  const [, mapped] = MAPPED_IPV4.exec(address) ?? [];
  return mapped ?? address;
}

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/;
