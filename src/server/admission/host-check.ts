import type { IncomingMessage } from 'node:http';
import type { Audience } from './audience.js';
import { toForwardingSigns } from './forwarded.js';
import { isLoopback, isLoopbackHost } from './loopback.js';
import type { Refusal, RequestCheck } from './refusal.js';

const HOST = 'host';

const notOneHost: Refusal = {
  status: 400,
  code: 'BAD_REQUEST',
  message: 'Expected one Host header, as HTTP/1.1 requires.',
};

const LET_OTHERS_IN =
  'configure sign-in, or set ALLOW_ANONYMOUS=true to let everybody who reaches this address start ingestions and read everything';

const foreignHost: Refusal = {
  status: 421,
  code: 'HOST_NOT_ALLOWED',
  message: `Without sign-in the gateway only answers to names of its own machine, such as localhost or 127.0.0.1. Use one of them. To serve others, ${LET_OTHERS_IN}.`,
};

const fromElsewhere: Refusal = {
  status: 403,
  code: 'PROXY_NOT_ALLOWED',
  message: `Without sign-in the gateway only serves its own machine, and a proxy forwarded this request. To serve others, ${LET_OTHERS_IN}.`,
};

/**
 * Whether a request is meant for this gateway at all.
 *
 * If only this machine may call, reaching the address is enough. Outsiders have two ways there: a page whose name was
 * bound to 127.0.0.1 after it was loaded (DNS rebinding), which its Host reveals; and a proxy on this machine, which
 * says for whom it asks.
 *
 * @see docs/adr/0028-who-reaches-a-gateway-without-sign-in.md
 */
export function createHostCheck(audience: Audience): RequestCheck {
  return (request) => {
    const hosts = hostsOf(request);
    if (hosts === null) return notOneHost;
    if (audience !== 'thisMachine') return null;
    if (!hosts.every(isLoopbackHost)) return foreignHost;
    return isForwarded(request) ? fromElsewhere : null;
  };
}

/**
 * The names that the request uses for the gateway: one, two if the target is a whole URL, none in HTTP/1.0; null if
 * they are invalid.
 */
function hostsOf({ url = '', rawHeaders, httpVersion }: IncomingMessage): string[] | null {
  const named: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = [rawHeaders[at], rawHeaders[at + 1]];
    if (name.length === HOST.length && name.toLowerCase() === HOST) named.push(value);
  }
  if (named.length > 1 || (named.length === 0 && httpVersion === '1.1')) return null;
  if (url.startsWith('/') || url === '*') return named;
  return [...named, URL.parse(url)?.host ?? ''];
}

/**
 * Whether a proxy sent the request for somebody else, or does not say for whom. A development server asks for this
 * machine.
 */
function isForwarded({ headers }: IncomingMessage): boolean {
  const { hops, hasOtherSign } = toForwardingSigns(headers);
  if (headers.via !== undefined || (hasOtherSign && hops.length === 0)) return true;
  return !hops.every((hop) => hop !== null && isLoopback(hop));
}
