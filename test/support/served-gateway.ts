import { startCampaignService } from '../../src/campaign/campaign-service.js';
import { createFixedCredentials } from '../../src/campaign/http/credentials.js';
import { startReceiver } from '../campaign/support/running-service.js';
import { StartIngestionDocument } from '../generated/operations.js';
import { silentLogger } from './silent-logger.js';
import { startTestGateway } from './test-gateway.js';

const ACCESS = { organization: 'acme', apiKey: 'planted-api-key' };
const CLIENT = { clientId: 'planted-client', clientSecret: 'planted-client-secret' };

/** A gateway in front of the real Campaign service. */
export interface ServedGateway extends AsyncDisposable {
  readonly url: string;
  /** Start an ingestion without the gateway’s explorer. */
  startEarlier(mappingId: string): Promise<void>;
}

/** Start both, on free ports. */
export async function startServedGateway(
  space: {
    readonly mappingsDir: string;
    readonly dataDir: string;
    readonly datasetsDir: string;
  },
  explorerMappingId: string,
): Promise<ServedGateway> {
  await using starting = new AsyncDisposableStack();
  const receiver = await startReceiver(space);
  starting.defer(() => receiver.stop());
  const { url, stop } = await startCampaignService({
    organization: ACCESS.organization,
    host: '127.0.0.1',
    port: 0,
    mappingsDir: space.mappingsDir,
    dataDir: space.dataDir,
    platform: receiver.settings,
    credentials: createFixedCredentials(ACCESS.apiKey, [
      { ...CLIENT, roles: ['sqlFunctionExecution'] },
    ]),
    logger: silentLogger,
  });
  starting.defer(stop);
  const gateway = await startTestGateway(url, {
    explorerMappingId,
    upstream: {
      ...ACCESS,
      kind: 'remote',
      identity: 'a test upstream',
      url: new URL(url),
      token: { ...CLIENT, kind: 'clientCredentials', imsUrl: url, scopes: ['openid'] },
      administration: null,
    },
  });
  starting.defer(() => gateway.stop());
  const running = starting.move();
  return {
    url: gateway.url,
    async startEarlier(mappingId) {
      await gateway.client.execute(StartIngestionDocument, { mappingId });
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
