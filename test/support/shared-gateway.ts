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
  let shared: SharedGateway | null = null;

  function running(): SharedGateway {
    if (!shared) throw new Error('The shared gateway runs only while tests do.');
    return shared;
  }

  beforeAll(async () => {
    const upstream = await startTestUpstream(mappingIds);
    shared = {
      upstream,
      gateway: await startTestGateway(upstream.config, await prepare(upstream)),
    };
  });

  afterAll(async () => {
    const { gateway, upstream } = running();
    await gateway.stop();
    await upstream.close();
    // Node.js keeps the modules of tests, and with them all that their variables refer to.
    shared = null;
  });

  return {
    upstream: standInFor(() => running().upstream),
    gateway: standInFor(() => running().gateway),
  };
}
