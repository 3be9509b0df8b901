import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import type { StopDeadlines } from '../../src/gateway.js';
import { standInFor } from './stand-in.js';
import { startTestUpstream } from './start-test-upstream.js';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from './test-gateway.js';
import type { TestUpstream } from './test-upstream.js';

/** Of a drain that soon cuts what it waits for. */
export const quick = { cancelAfterMs: 100, cutAfterMs: 300, giveUpAfterMs: 8_000 };

/** A gateway that is stopped while it has something to do. */
export interface DrainedGateway {
  /** Holds what is asked about `held`. */
  readonly upstream: TestUpstream;
  /** The one that the running test has started. */
  readonly gateway: TestGateway;
  start(options?: TestGatewayOptions, deadlines?: StopDeadlines): Promise<void>;
  port(): number;
  isRefused(): Promise<boolean>;
  untilRefused(): Promise<void>;
  expectPortFree(): Promise<void>;
}

/** One upstream for all tests of the file that calls this, and a gateway for each, which that starts. */
export function useDrainedGateway(): DrainedGateway {
  let upstream: TestUpstream;
  let gateway: TestGateway;

  beforeAll(async () => {
    upstream = await startTestUpstream();
  });

  afterAll(() => upstream.close());

  beforeEach(() => upstream.hold());

  /** End all runs, so that the next test starts a new request. */
  afterEach(async () => {
    await gateway.stop();
    await upstream.finish();
  });

  const port = () => Number(new URL(gateway.url).port);

  async function isRefused(): Promise<boolean> {
    const connection = connect(port(), '127.0.0.1');
    try {
      await once(connection, 'connect');
      return false;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
    } finally {
      connection.destroy();
    }
  }

  return {
    upstream: standInFor(() => upstream),
    gateway: standInFor(() => gateway),
    async start(options, deadlines) {
      gateway = await startTestGateway(upstream.config, options, deadlines);
    },
    port,
    isRefused,
    async untilRefused() {
      while (!(await isRefused()));
    },
    async expectPortFree() {
      const other = createServer();
      other.listen(port(), '127.0.0.1');
      await once(other, 'listening');
      other.close();
    },
  };
}
