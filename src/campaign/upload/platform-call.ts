import type { Clock } from '../../adobe/clock.js';
import { createAccessTokens, type PlatformToken } from './access-token.js';
import { openConnections, type ProxyOf } from './connections.js';
import { callHttp, type HttpCall } from './http-call.js';
import { PlatformError } from './platform-error.js';

/** Where Platform is, and the service's identity there. */
export interface PlatformSettings {
  /** The base URL, without a trailing slash: `https://platform.adobe.io`. */
  readonly url: string;
  readonly apiKey: string;
  /** `…@AdobeOrg`. */
  readonly imsOrg: string;
  readonly sandbox: string;
  readonly token: PlatformToken;
}

/** One call of Platform's API. */
export interface PlatformCall extends Omit<HttpCall, 'headers' | 'url'> {
  /** Including its query. */
  readonly path: string;
  readonly contentType?: string;
}

/** Create what makes calls with the required headers; connections are opened on demand, and kept. */
export function createPlatformCaller(
  { url, apiKey, imsOrg, sandbox, token }: PlatformSettings,
  clock: Clock,
  proxyOf?: ProxyOf,
) {
  const connections = openConnections(proxyOf);
  const tokens = createAccessTokens(token, connections, clock);

  return {
    /**
     * Make a call once, or twice if its token was refused and there is a new one.
     *
     * @returns the text of a 2xx answer
     * @throws {PlatformError} for any other answer, or none; the signal's reason if it was aborted
     */
    async call({ path, contentType, ...request }: PlatformCall): Promise<string> {
      for (let isRenewed = false; ; isRenewed = true) {
        const accessToken = await tokens.current(request.signal);
        const headers = {
          authorization: `Bearer ${accessToken}`,
          'x-api-key': apiKey,
          'x-gw-ims-org-id': imsOrg,
          'x-sandbox-name': sandbox,
          ...(contentType === undefined ? {} : { 'content-type': contentType }),
        };
        try {
          return await callHttp(connections, { ...request, url: `${url}${path}`, headers });
        } catch (error) {
          const isRefused = error instanceof PlatformError && error.mayBeOfToken;
          if (!isRefused || isRenewed || !tokens.forget(accessToken)) throw error;
        }
      }
    },

    /** Cancel all calls. */
    close: () => connections.close(),
  };
}
