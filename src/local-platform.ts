import type { Logger } from 'pino';
import type { SchemaOf } from './campaign/mapping/schema-paths.js';
import type { PlatformSettings } from './campaign/upload/platform-client.js';
import type { PlatformConfig } from './platform/platform-config.js';
import { startPlatformReceiver } from './platform/platform-receiver.js';

/** A receiver in this process, and how to reach it over HTTP, like the real one. */
export interface LocalPlatform {
  readonly settings: PlatformSettings;
  /** The schema of a dataset, by its id. */
  readonly schemaOf: SchemaOf;
  stop(): Promise<void>;
}

/**
 * Start the receiver that batches are uploaded to if no Platform is given.
 *
 * @throws if the datasets or the data folder can't be used, or the port is in use
 */
export async function startLocalPlatform(
  { clientId, clientSecret, ...config }: PlatformConfig,
  logger: Logger,
): Promise<LocalPlatform> {
  const clients = [{ clientId, clientSecret }];
  const { url, datasets, stop } = await startPlatformReceiver({ ...config, clients, logger });
  const { apiKey, imsOrg, sandbox } = config;
  return {
    settings: {
      url,
      apiKey,
      imsOrg,
      sandbox,
      token: { kind: 'clientCredentials', imsUrl: url, clientId, clientSecret },
    },
    schemaOf: (id) => datasets.get(id)?.schema,
    stop,
  };
}
