import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { toAddressKey } from '../../../src/server/admission/caller-key.js';
import { createClientAddress } from '../../../src/server/admission/client-address.js';

const PEER = '127.0.0.1';

/** The address that counts for a request forwarded by the proxy at {@link PEER}. */
function keyOf(headers: IncomingHttpHeaders, peer: string | undefined = PEER): string {
  const addressOf = createClientAddress(['loopback', '10.0.0.0/8', '2001:db8:ffff::/48']);
  const request = { headers, socket: { remoteAddress: peer } } as IncomingMessage;
  return toAddressKey(addressOf(request)).replace(/^address:/, '');
}

const forwardedFor = (header: string) => keyOf({ 'x-forwarded-for': header });
const forwarded = (header: string) => keyOf({ forwarded: header });

describe('the address of a client, by X-Forwarded-For of a trusted proxy', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:50000', '203.0.113.7'],
    ['203.0.113.7:1', '203.0.113.7'],
    [' \t203.0.113.7:50000 ', '203.0.113.7'],
    ['[203.0.113.7]:443', PEER],
    ['2001:db8:1:2::1', '2001:db8:1:2'],
    ['2001:DB8:0001:2:0:0:0:1', '2001:db8:1:2'],
    ['[2001:db8:1:2::1]', '2001:db8:1:2'],
    ['[2001:db8:1:2::1]:443', '2001:db8:1:2'],
    ['[2001:db8:1:2::1%eth0]:443', '2001:db8:1:2'],
    ['2001:db8:1:2:0:0:0:1:443', '2001:db8:1:2'],
    ['2001:db8:1:2::1:50000', '2001:db8:1:2'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:203.0.113.7', '203.0.113.7'],
    ['::ffff:cb00:7107', '203.0.113.7'],
    ['0:0:0:0:0:ffff:203.0.113.7', '203.0.113.7'],
    ['[::ffff:203.0.113.7]:443', '203.0.113.7'],
    // A trusted proxy's entry vouches for the one before it.
    ['203.0.113.7:1, 10.1.2.3:4, 127.0.0.1', '203.0.113.7'],
    ['203.0.113.7, [2001:db8:ffff::5]:80', '203.0.113.7'],
    ['203.0.113.7, ::ffff:10.1.2.3', '203.0.113.7'],
    // Entries before an untrusted one come from that one.
    ['192.0.2.1, 203.0.113.7:50000', '203.0.113.7'],
    // Empty elements are ignored.
    [', ,203.0.113.7,, ,', '203.0.113.7'],
    ['', PEER],
    [' , ', PEER],
    // An invalid address hides what stands before it.
    ['unknown', PEER],
    ['_hidden', PEER],
    ['_SEVKISEK:4711', PEER],
    ['garbage', PEER],
    ['1.2.3', PEER],
    ['01.2.3.4', PEER],
    ['0x7f.1', PEER],
    ['1.2.3.4:99999999', PEER],
    ['1.2.3.4:http', PEER],
    ['[2001:db8::1', PEER],
    ['2001:db8::1]:1', PEER],
    ['203.0.113.7 203.0.113.8', PEER],
    ['"203.0.113.7"', PEER],
    ['203.0.113.7, unknown', PEER],
    ['203.0.113.7, unknown, 10.1.2.3', '10.1.2.3'],
  ])('%j is %s', (header, key) => {
    expect(forwardedFor(header)).toBe(key);
  });

  it('is the peer’s if that is not trusted, however it is written', () => {
    const headers = { 'x-forwarded-for': '203.0.113.7', forwarded: 'for=203.0.113.7' };
    expect(keyOf(headers, '192.0.2.9')).toBe('192.0.2.9');
    expect(keyOf(headers, '::ffff:192.0.2.9')).toBe('192.0.2.9');
    expect(keyOf(headers, 'fe80::1%eth0')).toBe('fe80:0:0:0');
    expect(keyOf(headers, '::ffff:127.0.0.1')).toBe('203.0.113.7');
  });

  it('is the same for all connections of a client, and always an address', () => {
    const port = fc.integer({ min: 0, max: 65_535 });
    fc.assert(
      fc.property(fc.ipV4(), port, port, (address, one, other) => {
        expect(forwardedFor(`${address}:${one}`)).toBe(forwardedFor(`${address}:${other}`));
        expect(forwardedFor(`[::ffff:${address}]:${one}`)).toBe(forwardedFor(address));
      }),
    );
    fc.assert(
      fc.property(fc.ipV6(), port, port, (address, one, other) => {
        expect(forwardedFor(`[${address}]:${one}`)).toBe(forwardedFor(`[${address}]:${other}`));
        expect(forwarded(`for="[${address.toUpperCase()}]:${one}"`)).toBe(forwardedFor(address));
      }),
    );
    fc.assert(
      fc.property(fc.string(), (header) => {
        for (const key of [forwardedFor(header), forwarded(header)]) {
          expect(key).toMatch(/^(\d{1,3}(\.\d{1,3}){3}|[\da-f]{1,4}(:[\da-f]{1,4}){3})$/);
        }
      }),
    );
  });
});

describe('the address of a client, by Forwarded of a trusted proxy', () => {
  it.each([
    ['for=203.0.113.7', '203.0.113.7'],
    ['For="203.0.113.7:4711"', '203.0.113.7'],
    ['for="[2001:db8:1:2::1]:4711";proto=https;by=10.0.0.1', '2001:db8:1:2'],
    ['for="\\203.0.113.7"', '203.0.113.7'],
    ['proto=https; host="a,b;c" ; FOR=203.0.113.7', '203.0.113.7'],
    ['for=192.0.2.1, for=203.0.113.7;proto=http, for=10.1.2.3', '203.0.113.7'],
    ['for=203.0.113.7:4711', '203.0.113.7'],
    [',for=203.0.113.7,,', '203.0.113.7'],
    ['for=unknown', PEER],
    ['for="_hidden"', PEER],
    ['for=', PEER],
    ['proto=https', PEER],
    ['for=203.0.113.7, proto=https', PEER],
    // A quote that the client left open hides what the proxy appended.
    ['for="x, for=203.0.113.7', PEER],
    ['for=192.0.2.1;x=", for="[2001:db8::1]:4711"', PEER],
    ['203.0.113.7', PEER],
  ])('%j is %s', (header, key) => {
    expect(forwarded(header)).toBe(key);
  });

  it('is combined with X-Forwarded-For as far as both agree', () => {
    const both = (plain: string, header: string) =>
      keyOf({ 'x-forwarded-for': plain, forwarded: header });
    expect(both('203.0.113.7:1', 'for=203.0.113.7')).toBe('203.0.113.7');
    expect(both('203.0.113.7', 'for=192.0.2.1')).toBe(PEER);
    expect(both('203.0.113.7, 10.0.0.1', 'for=192.0.2.1, for=10.0.0.1')).toBe('10.0.0.1');
    expect(both('203.0.113.7, 10.0.0.1', 'for=10.0.0.1')).toBe('10.0.0.1');
    expect(both('10.0.0.1', 'for=192.0.2.1, for=10.0.0.1')).toBe('10.0.0.1');
  });
});
