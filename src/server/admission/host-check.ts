import type { IncomingMessage } from 'node:http';
import type { Audience } from './audience.js';
import { toPassedOn } from './forwarded.js';
import { isLoopback, isLoopbackHost } from './loopback.js';
import type { Refusal, RequestCheck } from './refusal.js';

const notOneHost: Refusal = {
  status: 400,
  code: 'BAD_REQUEST',
  message: 'Expected one Host header, as HTTP/1.1 requires.',
};

const LET_OTHERS_IN =
  'configure sign-in, or set ALLOW_ANONYMOUS=true if everybody who reaches this address may start ingestions and read everything';

const foreignHost: Refusal = {
  status: 421,
  code: 'HOST_NOT_ALLOWED',
  message: `Without sign-in the gateway answers to names of its own machine only, such as localhost or 127.0.0.1. Use one of them. To serve others, ${LET_OTHERS_IN}.`,
};

const fromElsewhere: Refusal = {
  status: 403,
  code: 'PROXY_NOT_ALLOWED',
  message: `Without sign-in the gateway serves its own machine only, and this request was passed on by a proxy. To serve others, ${LET_OTHERS_IN}.`,
};

/**
 * Whether a request is for this gateway at all.
 *
 * Where only this machine may call, to reach the address is all that it takes. Two ways lead there from
 * outside: a page whose name was bound to 127.0.0.1 after it was loaded (DNS rebinding), which its Host shows;
 * and a proxy on this machine, which says for whom it asks.
 *
 * @see docs/adr/0028-who-reaches-a-gateway-without-sign-in.md
 */
export function createHostCheck(audience: Audience): RequestCheck {
  return (request) => {
    const hosts = hostsOf(request);
    if (hosts === null) return notOneHost;
    if (audience !== 'thisMachine') return null;
    if (!hosts.every(isLoopbackHost)) return foreignHost;
    return isPassedOn(request) ? fromElsewhere : null;
  };
}

/** By which names the gateway is asked: one, two where the target is a whole URL, none in HTTP/1.0; null where they are at fault. */
function hostsOf({ url = '', headersDistinct, httpVersion }: IncomingMessage): string[] | null {
  const { host: named = [] } = headersDistinct;
  if (named.length > 1 || (named.length === 0 && httpVersion === '1.1')) return null;
  if (url.startsWith('/') || url === '*') return named;
  return [...named, URL.parse(url)?.host ?? ''];
}

/**
 * By a proxy that asks for somebody else, or does not say for whom. One in front of a page under development asks
 * for this machine.
 */
function isPassedOn({ headers }: IncomingMessage): boolean {
  const { hops, isSaid } = toPassedOn(headers);
  if (headers.via !== undefined || (isSaid && hops.length === 0)) return true;
  return !hops.every((hop) => hop !== null && isLoopback(hop));
}
