import { isIPv6 } from 'node:net';

/**
 * Identifies an anonymous caller by its address, because nothing else is known.
 *
 * @param address - in the form of `toIpAddress`
 */
export function toAddressKey(address: string | undefined): string {
  // The connection is already gone.
  if (address === undefined) return 'address:';
  return `address:${isIPv6(address) ? toNetwork(address) : address}`;
}

/** The groups of an address that identify a /64 network: whoever has one of its addresses has them all. */
const NETWORK_GROUPS = 4;

function toNetwork(address: string): string {
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return groups.slice(0, NETWORK_GROUPS).join(':');
}
