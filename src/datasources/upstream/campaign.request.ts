import { BadUserInputError } from '../../ingestion/gateway-error.js';
import type { RequestRef } from '../../ingestion/ingestion-request.js';
import type { HttpRequest } from './http-exchange.js';

/** Where Campaign is called, and with which identity. */
export interface CampaignAddress {
  /** Such as `https://mc.adobe.io`; may have a path and a trailing slash. */
  readonly url: URL;
  readonly organization: string;
  readonly apiKey: string;
  /** Where a GET names its request. The documentation shows it without saying which. */
  readonly statusRequestIdIn: 'query' | 'body';
}

/** A request that lacks only its access token. */
export type TokenlessRequest = (accessToken: string) => HttpRequest;

/**
 * Create the requests of the protocol, without their access tokens. What all requests to one organization share is
 * prepared here.
 *
 * @throws {BadUserInputError} the organization can't be in a URL
 * @throws {TypeError} the API key is not valid in a header
 */
export function createCampaignRequests(address: CampaignAddress) {
  requireHeaderText(address.apiKey, 'API key');
  const organization = toPathSegment(address.organization, 'organization');
  const base = `${toBasePath(address.url)}/${organization}/campaign/dataIngestion/xdmIngestion`;
  const toPath = (mappingId: string) => `${base}/${toPathSegment(mappingId, 'mapping id')}/ingest`;
  const toHeaders = (accessToken: string) => ({
    authorization: `Bearer ${accessToken}`,
    'x-api-key': address.apiKey,
    'cache-control': 'no-cache',
    'content-type': 'application/json',
    accept: 'application/json',
  });

  return {
    /** @throws {BadUserInputError} the mapping id can't be in a URL */
    start(mappingId: string): TokenlessRequest {
      const path = toPath(mappingId);
      return (accessToken) => ({ method: 'POST', path, headers: toHeaders(accessToken) });
    },
    /** @throws {BadUserInputError} the mapping id or the request id can't be in a URL */
    status({ mappingId, requestId }: RequestRef): TokenlessRequest {
      const path = toPath(mappingId);
      const named =
        address.statusRequestIdIn === 'query'
          ? { path: `${path}?requestId=${toUrlText(requestId, 'request id')}` }
          : { path, body: JSON.stringify({ requestId }) };
      return (accessToken) => ({ method: 'GET', ...named, headers: toHeaders(accessToken) });
    },
  };
}

/** The path of a base URL, without a trailing slash. */
export function toBasePath(url: URL): string {
  return url.pathname.replace(/\/+$/, '');
}

/**
 * Encode a text as one segment of a path.
 *
 * `.` and `..` are refused, because no encoding makes them safe: parsers of URLs drop them or climb, even when they
 * are written as `%2e`. An empty text would be no segment at all.
 */
function toPathSegment(text: string, name: string): string {
  if (text === '' || text === '.' || text === '..') {
    throw new BadUserInputError(
      `The ${name} must be a text other than "", "." and "..", got ${JSON.stringify(text)}.`,
    );
  }
  return toUrlText(text, name);
}

function toUrlText(text: string, name: string): string {
  if (!text.isWellFormed()) {
    throw new BadUserInputError(`The ${name} must be well-formed Unicode, got half a character.`);
  }
  return encodeURIComponent(text);
}

/**
 * Check a credential before the first call. Otherwise it would fail there and look like an unreachable upstream.
 *
 * @throws {TypeError} it has characters other than visible ASCII; the error never quotes it
 */
export function requireHeaderText(text: string, name: string): void {
  if (!/^[\x21-\x7e]+$/.test(text)) {
    throw new TypeError(
      `The ${name} must be visible ASCII, at least one character, without blanks.`,
    );
  }
}
