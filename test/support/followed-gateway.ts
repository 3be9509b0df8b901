import { afterEach, beforeEach } from '@jest/globals';
import {
  IngestionRequestsDocument,
  IngestionStatusDocument,
  StartIngestionDocument,
} from '../generated/operations.js';
import { createGraphQLClient, type GraphQLClient } from './graphql-client.js';
import { readMetric, untilMetric } from './metrics.js';
import { shareGateway } from './shared-gateway.js';
import type { TestUpstream } from './test-upstream.js';

/** The usual mapping; its runs succeed, as do those of `TestDoc`. */
export const mappingId = 'XDM44';

/** Its runs fail. */
export const failing = 'Failing';

/** A request, as variables. */
export interface Ref extends Record<string, unknown> {
  readonly mappingId: string;
  readonly requestId: string;
}

/** A gateway whose requests a test follows. */
export interface FollowedGateway {
  readonly url: string;
  readonly upstream: TestUpstream;
  /** Of this test. */
  readonly client: GraphQLClient;
  /** Continue with a new client. */
  reconnect(): void;
  /** Start through the gateway, which watches the request from then on. */
  startOne(mapping?: string): Promise<Ref>;
  /** Start a request that the gateway does not know. */
  startElsewhere(mapping?: string): Promise<Ref>;
  /** The same, and let it end. */
  finishOne(): Promise<Ref>;
  /** Wait until the gateway has seen the end of everything that earlier tests left. */
  untilNothingRuns(): Promise<void>;
  metric(name: string): Promise<number>;
  untilMetric(name: string, value: number): Promise<void>;
}

/** One gateway for all tests of the file that calls this, and a client for each. */
export function useFollowedGateway(): FollowedGateway {
  const { upstream, gateway } = shareGateway(
    async (upstream) => {
      await upstream.willEnd(failing, 'failedEmpty');
      return {};
    },
    [mappingId, 'TestDoc', failing],
  );
  let client: GraphQLClient;

  beforeEach(reconnect);

  /** Nothing is watched any more, so that the next test may count calls and starts a new request. */
  afterEach(async () => {
    await client.close();
    await upstream.finish();
    await untilMetric(gateway.url, 'sluice_watches', 0);
    await untilMetric(gateway.url, 'sluice_stream_listeners', 0);
  });

  function reconnect(): void {
    client = createGraphQLClient(gateway.url);
  }

  const startElsewhere = async (mapping: string = mappingId): Promise<Ref> => ({
    mappingId: mapping,
    requestId: await upstream.startElsewhere(mapping),
  });

  return {
    get url() {
      return gateway.url;
    },
    upstream,
    get client() {
      return client;
    },
    reconnect,
    async startOne(mapping = mappingId) {
      const { data } = await client.execute(StartIngestionDocument, { mappingId: mapping });
      const outcome = data?.startIngestion;
      if (outcome?.__typename !== 'IngestionSubmitted') throw new Error('It was not started.');
      return { mappingId: mapping, requestId: outcome.request.requestId };
    },
    startElsewhere,
    async finishOne() {
      const ref = await startElsewhere();
      await upstream.finish();
      return ref;
    },
    async untilNothingRuns() {
      await upstream.finish();
      for (;;) {
        const { data } = await client.execute(IngestionRequestsDocument, {
          filter: { statuses: ['IN_PROGRESS'] },
        });
        const running = data?.ingestionRequests.nodes ?? [];
        if (running.length === 0) return;
        for (const { mappingId, requestId } of running) {
          await client.execute(IngestionStatusDocument, { mappingId, requestId, maxAgeMs: 0 });
        }
      }
    },
    metric: (name) => readMetric(gateway.url, name),
    untilMetric: (name, value) => untilMetric(gateway.url, name, value),
  };
}
