import type { IncomingMessage } from 'node:http';

/**
 * Whether a request may open a WebSocket: browsers keep no page from opening one to any host, but they say which
 * page it is of. Who sends no Origin is no browser.
 */
export type OriginCheck = (request: IncomingMessage) => boolean;

/** @param corsOrigins - other sites whose pages may, such as `https://app.example.com` */
export function createOriginCheck(corsOrigins: readonly string[]): OriginCheck {
  const allowed = new Set(corsOrigins);
  return ({ headers }) => {
    const { origin, host } = headers;
    return origin === undefined || allowed.has(origin) || URL.parse(origin)?.host === host;
  };
}
