import type { IncomingMessage } from 'node:http';
import type { Refusal, RequestCheck } from './refusal.js';

const foreignOrigin: Refusal = {
  status: 403,
  code: 'ORIGIN_NOT_ALLOWED',
  message:
    'Pages of this site may not call the gateway. The operator lists allowed sites in CORS_ORIGINS. A proxy in front must pass on Host as the browser sent it.',
};

/**
 * Whether a page may send this request. Browsers let any page open a WebSocket to any host and send some requests,
 * but they name the page. A client that names no page is not a browser.
 *
 * @param corsOrigins - other sites whose pages may call, such as `https://app.example.com`
 * @see docs/adr/0028-who-reaches-a-gateway-without-sign-in.md
 */
export function createOriginCheck(corsOrigins: readonly string[]): RequestCheck {
  const allowed = new Set(corsOrigins);
  return (request) => {
    const { origin, 'sec-fetch-site': site } = request.headers;
    // Browsers don't let pages write this header. It is valid even after a proxy that changes Host.
    if (site === 'same-origin' || site === 'none') return null;
    // Embedded in a page (an image, a link). The browser only says how the page is related to this site.
    if (origin === undefined) return site === undefined ? null : foreignOrigin;
    return allowed.has(origin) || isOwn(origin, request) ? null : foreignOrigin;
  };
}

/** Whether the page came from the host that the request goes to. */
function isOwn(origin: string, { headers }: IncomingMessage): boolean {
  const page = URL.parse(origin);
  if (page === null || headers.host === undefined) return false;
  // Machines in between can change pages that are loaded over plain HTTP.
  if (page.protocol === 'http:' && headers['x-forwarded-proto'] === 'https') return false;
  return URL.parse(`${page.protocol}//${headers.host}`)?.host === page.host;
}
