import type { IncomingHttpHeaders } from 'node:http';
import { toIpAddress } from './ip-address.js';

/** A hop that a proxy names: its address, or null if it is not an address (`unknown`, `_hidden`). */
export type Hop = string | null;

/**
 * The hops for which proxies say they forwarded a request, nearest first, from `X-Forwarded-For` and `Forwarded` (RFC
 * 7239).
 *
 * Most proxies write one of the two, and pass on the other as their client sent it. If a request has both, only what
 * they agree on counts, so that nobody can claim an address with the header that the proxy does not write.
 *
 * @returns none if no proxy says anything
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

/** Each has one address of a client, as certain proxies write it. */
const ADDRESS_HEADERS = ['x-real-ip', 'cf-connecting-ip', 'true-client-ip'] as const;

/** What proxies say about the request that they received. It names no client. */
const REQUEST_HEADERS = ['x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-server'] as const;

/** Signs that a request was forwarded. Nothing here is trusted. */
export interface ForwardingSigns {
  /** For whom, as far as known. */
  readonly hops: readonly Hop[];
  /** Whether anything else shows that it was forwarded. */
  readonly hasOtherSign: boolean;
}

const PROXY_HEADERS = [...ADDRESS_HEADERS, ...REQUEST_HEADERS, 'x-forwarded-for', 'forwarded'];

const notForwarded: ForwardingSigns = { hops: [], hasOtherSign: false };

/** Find out whether a request was forwarded, from any header that common proxies write. */
export function toForwardingSigns(headers: IncomingHttpHeaders): ForwardingSigns {
  if (!PROXY_HEADERS.some((name) => headers[name] !== undefined)) return notForwarded;
  const named = ADDRESS_HEADERS.flatMap((name) => headers[name] ?? []);
  return {
    hops: [...forwardedFor(headers), ...named.map((address) => toHop(address.trim()))],
    hasOtherSign: REQUEST_HEADERS.some((name) => headers[name] !== undefined),
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

/** The content of one element: pairs of a name and a value, separated by semicolons. */
const PAIR = /\s*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([\w!#$%&'*+.^`|~:[\]-]*))\s*/y;

/**
 * @param header - such as `for=192.0.2.1;proto=https, for="[2001:db8::1]:4711"`
 * @returns one unknown hop if the header can't be read: an open quote from the client hides what the proxy wrote
 *   after it
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

/** An IPv6 address with a port and without brackets: the last group is the port, if it can be. */
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
