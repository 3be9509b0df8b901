import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { IngestionStatusDocument, StartIngestionDocument } from '../generated/operations.js';
import { type ScriptedUpstream, startScriptedUpstream } from './scripted-upstream.js';
import { startTestGateway, type TestGateway } from './test-gateway.js';

/** The mapping and the request that it asks about. */
export const mappingId = 'XDM44';
export const requestId = '3520';

/** A gateway in front of a scripted upstream. */
export interface ScriptedGateway extends Pick<TestGateway, 'client' | 'logLines'> {
  readonly upstream: ScriptedUpstream;
}

/** One gateway for each test, or one for all tests, of the block that calls this. */
export function useScriptedGateway(scope: 'each' | 'all'): ScriptedGateway {
  let upstream: ScriptedUpstream;
  let gateway: TestGateway;

  const [before, after] = scope === 'each' ? [beforeEach, afterEach] : [beforeAll, afterAll];

  before(async () => {
    upstream = await startScriptedUpstream();
    gateway = await startTestGateway(upstream.url);
  });

  after(async () => {
    await gateway.stop();
    await upstream.close();
  });

  return {
    get client() {
      return gateway.client;
    },
    get logLines() {
      return gateway.logLines;
    },
    get upstream() {
      return upstream;
    },
  };
}

/** Start an ingestion of the mapping. */
export const start = ({ client }: ScriptedGateway) =>
  client.execute(StartIngestionDocument, { mappingId });

/** Ask about the request. */
export const ask = ({ client }: ScriptedGateway) =>
  client.execute(IngestionStatusDocument, { mappingId, requestId });
