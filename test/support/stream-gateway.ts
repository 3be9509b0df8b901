import { afterEach } from '@jest/globals';
import { untilMetric } from './metrics.js';
import { shareGateway } from './shared-gateway.js';
import { postOperation, toStreamUrl } from './stream-reader.js';
import type { TestUpstream } from './test-upstream.js';

/** A subscription to a request of XDM44. */
export const toSubscription = (requestId: string) =>
  `subscription Changed { ingestionStatusChanged(mappingId: "XDM44", requestId: "${requestId}") { to cursor } }`;

/** A gateway whose streams over HTTP a test reads. */
export interface StreamGateway {
  readonly url: string;
  /** Where streams are opened. */
  readonly streamUrl: string;
  readonly upstream: TestUpstream;
  /** The address of an operation with its own stream; `base` is of another gateway. */
  toUrl(query: string, base?: string): string;
  post(query: string, headers: Record<string, string>, url?: string): Promise<Response>;
}

/** One gateway for all tests of the file that calls this, each of which leaves no stream behind. */
export function useStreamGateway(): StreamGateway {
  const { upstream, gateway } = shareGateway();

  afterEach(async () => {
    await upstream.finish();
    await untilMetric(gateway.url, 'sluice_http_streams', 0);
    await untilMetric(gateway.url, 'sluice_stream_listeners', 0);
  });

  const toPath = () => `${gateway.url}/graphql/stream`;

  return {
    get url() {
      return gateway.url;
    },
    get streamUrl() {
      return toPath();
    },
    upstream,
    toUrl: (query, base = toPath()) => toStreamUrl(base, query),
    post: (query, headers, url = toPath()) => postOperation(url, { query }, headers),
  };
}
