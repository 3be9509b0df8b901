import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { createCampaignService } from './campaign/campaign-service.js';
import { createFixedCredentials } from './campaign/credentials.js';
import type { PlatformConfig } from './config/platform.js';
import type { RemoteUpstream } from './config/upstream.js';
import { startLocalPlatform } from './local-platform.js';
import { SHIPPED_DATASETS_DIR } from './platform/platform-config.js';

const HOST = '127.0.0.1';
const ORGANIZATION = 'acme';
const IMS_ORG = 'sluice@AdobeOrg';
const SANDBOX = 'prod';

/** The mapping, among those that are shipped, that works. */
const SAMPLE_MAPPING_ID = 'crm-profiles';

/** The Campaign service and its Platform in this process, and how to reach them: over HTTP, as any others. */
export interface EmbeddedUpstream {
  readonly upstream: RemoteUpstream;
  readonly platform: PlatformConfig;
  readonly sampleMappingId: string;
  stop(): Promise<void>;
}

/**
 * Start the Campaign service and the Platform receiver that it uploads to, each on a free port of the
 * loopback interface, with credentials that nobody else has.
 *
 * @throws where the mappings, the datasets or the data directory cannot be used
 */
export async function startEmbeddedUpstream(
  { dataDir, mappingsDir }: { readonly dataDir: string; readonly mappingsDir: string },
  logger: Logger,
): Promise<EmbeddedUpstream> {
  await using starting = new AsyncDisposableStack();
  const tenant = { apiKey: newSecret(), imsOrg: IMS_ORG, sandbox: SANDBOX };
  const client = { clientId: newSecret(), clientSecret: newSecret() };
  const platform = await startLocalPlatform(
    { host: HOST, port: 0, dataDir, datasetsDir: SHIPPED_DATASETS_DIR, ...tenant, ...client },
    logger.child({ part: 'platform' }),
  );
  starting.defer(() => platform.stop());

  const apiKey = newSecret();
  const clientId = newSecret();
  const clientSecret = newSecret();
  const service = createCampaignService({
    host: HOST,
    port: 0,
    dataDir,
    mappingsDir,
    sourceEnvironment: process.env,
    platform: platform.settings,
    organization: ORGANIZATION,
    credentials: createFixedCredentials(apiKey, [
      { clientId, clientSecret, roles: ['sqlFunctionExecution'] },
    ]),
    logger: logger.child({ part: 'campaign' }),
  });
  starting.defer(() => service.stop());
  const { url } = await service.start();

  const running = starting.move();
  return {
    upstream: {
      kind: 'remote',
      identity: 'the embedded Campaign service',
      url: new URL(url),
      organization: ORGANIZATION,
      apiKey,
      token: { kind: 'clientCredentials', imsUrl: url, clientId, clientSecret, scopes: ['openid'] },
    },
    platform: {
      url: new URL(platform.settings.url),
      ...tenant,
      token: {
        kind: 'clientCredentials',
        imsUrl: platform.settings.url,
        ...client,
        scopes: ['openid'],
      },
    },
    sampleMappingId: SAMPLE_MAPPING_ID,
    stop: () => running.disposeAsync(),
  };
}

function newSecret(): string {
  return randomBytes(24).toString('base64url');
}
