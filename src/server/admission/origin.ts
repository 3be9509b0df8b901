import type { IncomingMessage } from 'node:http';
import type { Refusal, RequestCheck } from './refusal.js';

const foreignOrigin: Refusal = {
  status: 403,
  code: 'ORIGIN_NOT_ALLOWED',
  message:
    'Pages of this site may not call the gateway. The operator names those that may in CORS_ORIGINS; a proxy in front must pass on Host as the browser sent it.',
};

/**
 * Whether a page may send this: browsers let any page open a WebSocket to any host, and send some requests, but
 * they say which page it is of. Who says nothing of a page is no browser.
 *
 * @param corsOrigins - other sites whose pages may, such as `https://app.example.com`
 * @see docs/adr/0028-who-reaches-a-gateway-without-sign-in.md
 */
export function createOriginCheck(corsOrigins: readonly string[]): RequestCheck {
  const allowed = new Set(corsOrigins);
  return (request) => {
    const { origin, 'sec-fetch-site': site } = request.headers;
    // Browsers let no page write this header. It holds also behind a proxy that has put another Host.
    if (site === 'same-origin' || site === 'none') return null;
    // Embedded in a page (an image, a link), which the browser names only by how far off it is.
    if (origin === undefined) return site === undefined ? null : foreignOrigin;
    return allowed.has(origin) || isOwn(origin, request) ? null : foreignOrigin;
  };
}

/** Whether the page came from where the request goes. */
function isOwn(origin: string, { headers }: IncomingMessage): boolean {
  const page = URL.parse(origin);
  if (page === null || headers.host === undefined) return false;
  // Whoever is in between may write pages that come over plain HTTP.
  if (page.protocol === 'http:' && headers['x-forwarded-proto'] === 'https') return false;
  return URL.parse(`${page.protocol}//${headers.host}`)?.host === page.host;
}
