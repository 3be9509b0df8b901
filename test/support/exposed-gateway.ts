import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import type { ExposureConfig } from '../../src/config/exposure.js';
import type { Limits } from '../../src/server/limits/limits.js';
import { privateExposure } from './exposure.js';
import { startTestUpstream } from './start-test-upstream.js';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from './test-gateway.js';
import type { TestUpstream } from './test-upstream.js';

/** The body of an answer. */
export interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly { message: string; extensions: Record<string, unknown> }[];
}

/** The codes of its errors. */
export const codesOf = ({ errors }: Answer) => errors?.map(({ extensions }) => extensions.code);

/** A query that asks the upstream nothing. */
export const query = '{ __typename }';

/** What it is answered. */
export const data = { __typename: 'Query' };

/** A gateway that each test starts anew, exposed as it wants. */
export interface ExposedGateway extends Pick<TestGateway, 'url' | 'client' | 'logLines'> {
  readonly upstream: TestUpstream;
  /** Start it for everybody. */
  start(limits: Partial<Limits>, exposure?: Partial<ExposureConfig>): Promise<void>;
  startWith(options: TestGatewayOptions): Promise<void>;
  post(body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** The HTTP status that answers an upgrade; 101 if it is accepted. */
  upgrade(headers?: Record<string, string>): Promise<number>;
  /** The mapping of each start that has arrived upstream. */
  startedMappings(): string[];
}

/** One upstream for all tests of the file that calls this, and a gateway for each. */
export function useExposedGateway(): ExposedGateway {
  let upstream: TestUpstream;
  let gateway: TestGateway;

  beforeAll(async () => {
    upstream = await startTestUpstream(['XDM44', 'XDM45', 'XDM46']);
  });

  afterAll(() => upstream.close());

  afterEach(() => gateway.stop());

  async function startWith(options: TestGatewayOptions): Promise<void> {
    gateway = await startTestGateway(upstream.config, options);
  }

  return {
    get url() {
      return gateway.url;
    },
    get client() {
      return gateway.client;
    },
    get logLines() {
      return gateway.logLines;
    },
    get upstream() {
      return upstream;
    },
    startWith,
    start(limits, rest = {}) {
      const exposure = { ...privateExposure, audience: 'everybody' as const, ...rest };
      return startWith({
        exposure: { ...exposure, limits: { ...exposure.limits, ...limits } },
      });
    },
    post: (body, headers = {}) =>
      fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    async upgrade(headers = {}) {
      const asked = httpRequest(`${gateway.url}/graphql`, {
        headers: {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
          'sec-websocket-protocol': 'graphql-transport-ws',
          ...headers,
        },
      });
      asked.end();
      const answered = once(asked, 'response');
      const upgraded = once(asked, 'upgrade').then(([response, connection]) => {
        connection.destroy();
        return [response];
      });
      const [response] = await Promise.race([answered, upgraded]);
      response.destroy();
      return response.statusCode;
    },
    startedMappings: () =>
      upstream.calls
        .filter(({ operation }) => operation === 'start')
        .map(({ mappingId }) => mappingId),
  };
}
