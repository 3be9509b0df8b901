import type { IncomingHttpHeaders } from 'node:http';
import { toIpAddress } from './ip-address.js';

/** A hop that a proxy names: its address, or null where what stands there is none (`unknown`, `_hidden`). */
export type Hop = string | null;

/**
 * For whom proxies say that a request is passed on, the nearest hop first, by `X-Forwarded-For` and by
 * `Forwarded` (RFC 7239).
 *
 * Most proxies write one of the two, and pass the other on as their client sent it. Where a request has both,
 * only what they agree on counts: nobody gives himself an address by the header that the proxy does not write.
 *
 * @returns none where no proxy says anything
 */
export function forwardedFor(headers: IncomingHttpHeaders): readonly Hop[] {
  const { 'x-forwarded-for': plain, forwarded } = headers;
  const lists = [
    ...(plain === undefined ? [] : [parseForwardedFor(String(plain))]),
    ...(forwarded === undefined ? [] : [parseForwarded(forwarded)]),
  ];
  const [first = [], second] = lists;
  if (!second) return first;
  const disagreeAt = first.findIndex((hop, index) => hop !== second[index]);
  return disagreeAt < 0 ? first : [...first.slice(0, disagreeAt), null];
}

/** Each has the one address of a client, by the proxies of those who made it up. */
const ADDRESS_HEADERS = ['x-real-ip', 'cf-connecting-ip', 'true-client-ip'] as const;

/** What proxies say of the request that they were sent. It names no client. */
const REQUEST_HEADERS = ['x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-server'] as const;

/** Whatever shows that a request was passed on. What is said here is believed of nobody. */
export interface PassedOn {
  /** For whom, as far as anything says so. */
  readonly hops: readonly Hop[];
  /** Whether anything else says that it was. */
  readonly isSaid: boolean;
}

/** Find out whether a request was passed on, by any header that common proxies write. */
export function toPassedOn(headers: IncomingHttpHeaders): PassedOn {
  const named = ADDRESS_HEADERS.flatMap((name) => headers[name] ?? []);
  return {
    hops: [...forwardedFor(headers), ...named.map((address) => toHop(address.trim()))],
    isSaid: REQUEST_HEADERS.some((name) => headers[name] !== undefined),
  };
}

/** @param header - such as `192.0.2.1, 198.51.100.1:5678, [2001:db8::1]:443`; its lines are joined by commas */
function parseForwardedFor(header: string): Hop[] {
  return header
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '')
    .map(toHop)
    .reverse();
}

/** What one element says: pairs of a name and a value, with semicolons between them. */
const PAIR = /\s*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([\w!#$%&'*+.^`|~:[\]-]*))\s*/y;

/**
 * @param header - such as `for=192.0.2.1;proto=https, for="[2001:db8::1]:4711"`
 * @returns one hop that is not known where it cannot be read: a quote that its client has left open hides what
 *   the proxy wrote behind it
 */
function parseForwarded(header: string): Hop[] {
  const hops: Hop[] = [];
  let element = new Map<string, string>();
  const endElement = () => {
    if (element.size > 0) hops.unshift(toHop(element.get('for') ?? ''));
    element = new Map();
  };
  let at = 0;
  while (at < header.length) {
    PAIR.lastIndex = at;
    const [pair = '', name = '', quoted, token = ''] = PAIR.exec(header) ?? [];
    if (pair !== '') element.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? token);
    at += pair.length;
    if (at === header.length) break;
    const separator = header[at];
    const isBlank = pair === '' && (separator === ' ' || separator === '\t');
    if (separator !== ',' && separator !== ';' && !isBlank) return [null];
    if (separator === ',') endElement();
    at += 1;
  }
  endElement();
  return hops;
}

/** Of an IPv6 address with a port and no brackets the last group is one, where it can be. */
const WITH_PORT = /^(.+):[\d]{1,5}$/;
const IN_BRACKETS = /^\[([^\]]+)\](?::[\w.-]*)?$/;

/** @param text - an address as proxies write it, with or without a port */
function toHop(text: string): Hop {
  const [, inBrackets] = IN_BRACKETS.exec(text) ?? [];
  if (inBrackets !== undefined)
    return inBrackets.includes(':') ? (toIpAddress(inBrackets) ?? null) : null;
  const [, beforePort = ''] = WITH_PORT.exec(text) ?? [];
  return toIpAddress(text) ?? toIpAddress(beforePort) ?? null;
}
