import { isIPv6 } from 'node:net';

/**
 * Who calls: a client's address, for nothing else is known of the anonymous ones.
 *
 * @param address - as `toIpAddress` writes it
 */
export function toAddressKey(address: string | undefined): string {
  // Of a connection that is gone already.
  if (address === undefined) return 'address:';
  return `address:${isIPv6(address) ? toNetwork(address) : address}`;
}

/** The groups of an address that name a network of 64 bits: whoever has one has all addresses in it. */
const NETWORK_GROUPS = 4;

function toNetwork(address: string): string {
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return groups.slice(0, NETWORK_GROUPS).join(':');
}
