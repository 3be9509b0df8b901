import {
  PlatformError,
  UpstreamError,
  type UpstreamErrorCode,
} from '../../ingestion/gateway-error.js';
import { findLocalCause } from '../upstream/local-cause.js';
import { findProxyError } from '../upstream/outgoing-proxy.js';

/** What each failure means for Platform, and what to do about it. */
const TEXTS: { readonly [Code in UpstreamErrorCode]: string } = {
  UPSTREAM_UNAVAILABLE:
    'Adobe Experience Platform cannot be reached or is failing: try again later.',
  UPSTREAM_TIMEOUT: 'Adobe Experience Platform did not answer in time: try again later.',
  UPSTREAM_RATE_LIMITED:
    'Adobe Experience Platform was called too often: wait before you try again.',
  UPSTREAM_UNAUTHENTICATED:
    'Adobe Experience Platform does not accept the access token, or the gateway cannot get one: check the gateway’s credentials for Platform.',
  UPSTREAM_FORBIDDEN:
    'Adobe Experience Platform forbids this look-up: check the API key, the organization and the sandbox of the gateway.',
  UPSTREAM_INVALID_RESPONSE:
    'Adobe Experience Platform sent an answer that cannot be used: check the URL of Platform and the organization.',
};

/** Convert the failure of a look-up, which is not the upstream's. Any other error is thrown unchanged. */
export function toPlatformError(error: unknown): unknown {
  if (!(error instanceof UpstreamError)) return error;
  const code = error.code.replace('UPSTREAM_', 'PLATFORM_') as PlatformError['code'];
  const { upstream, retryAfterMs } = error;
  return new PlatformError(code, toText(error), { upstream, retryAfterMs, cause: error });
}

function toText(error: UpstreamError): string {
  const localCause = findLocalCause(error);
  if (localCause !== null) {
    return `The gateway cannot call Adobe Experience Platform now, because ${localCause}.`;
  }
  const proxyError = findProxyError(error);
  return proxyError
    ? `Adobe Experience Platform cannot be reached, because ${proxyError.message}.`
    : TEXTS[error.code];
}
