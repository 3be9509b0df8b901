import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { createCampaignService } from './campaign/campaign-service.js';
import { createFixedCredentials } from './campaign/credentials.js';
import type { RemoteUpstream } from './config.js';

const HOST = '127.0.0.1';
const ORGANIZATION = 'acme';

/** The mapping, among those that are shipped, that works. */
const SAMPLE_MAPPING_ID = 'crm-profiles';

/** The Campaign service in this process, and how to reach it: over HTTP, as any other. */
export interface EmbeddedUpstream {
  readonly upstream: RemoteUpstream;
  readonly sampleMappingId: string;
  stop(): Promise<void>;
}

/**
 * Start the Campaign service on a free port of the loopback interface, with credentials that nobody else
 * has.
 *
 * @throws where the mappings or the data directory cannot be used
 */
export async function startEmbeddedUpstream(
  { dataDir, mappingsDir }: { readonly dataDir: string; readonly mappingsDir: string },
  logger: Logger,
): Promise<EmbeddedUpstream> {
  const apiKey = newSecret();
  const clientId = newSecret();
  const clientSecret = newSecret();
  const service = createCampaignService({
    host: HOST,
    port: 0,
    dataDir,
    mappingsDir,
    organization: ORGANIZATION,
    credentials: createFixedCredentials(apiKey, [
      { clientId, clientSecret, roles: ['sqlFunctionExecution'] },
    ]),
    logger,
  });
  const { url } = await service.start();
  return {
    upstream: {
      kind: 'remote',
      identity: 'the embedded Campaign service',
      url: new URL(url),
      organization: ORGANIZATION,
      apiKey,
      token: { kind: 'clientCredentials', imsUrl: url, clientId, clientSecret, scopes: ['openid'] },
    },
    sampleMappingId: SAMPLE_MAPPING_ID,
    stop: () => service.stop(),
  };
}

function newSecret(): string {
  return randomBytes(24).toString('base64url');
}
