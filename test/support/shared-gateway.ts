import { afterAll, beforeAll } from '@jest/globals';
import { standInFor } from './stand-in.js';
import { startTestUpstream } from './start-test-upstream.js';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from './test-gateway.js';
import type { TestUpstream } from './test-upstream.js';

/** A gateway, and the upstream behind it. */
export interface SharedGateway {
  readonly upstream: TestUpstream;
  readonly gateway: TestGateway;
}

/**
 * One gateway for all tests of the file that calls this.
 *
 * @param prepare - the upstream, before the gateway starts; returns the gateway's options
 * @param mappingIds - those that may be triggered
 */
export function shareGateway(
  prepare: (upstream: TestUpstream) => Promise<TestGatewayOptions> = async () => ({}),
  mappingIds?: readonly string[],
): SharedGateway {
  let upstream: TestUpstream;
  let gateway: TestGateway;

  beforeAll(async () => {
    upstream = await startTestUpstream(mappingIds);
    gateway = await startTestGateway(upstream.config, await prepare(upstream));
  });

  afterAll(async () => {
    await gateway.stop();
    await upstream.close();
  });

  return { upstream: standInFor(() => upstream), gateway: standInFor(() => gateway) };
}
