import { parseSettings } from '../adobe/settings.js';
import {
  type CampaignSettings,
  campaignSettings,
  PUBLIC_ADMIN_SECRET,
  PUBLIC_SECRET,
  SHIPPED_MAPPINGS_DIR,
} from './campaign-config.settings.js';
import { loadFaultPlan } from './faults/fault-plan.js';
import { type Credentials } from './http/credentials.js';
import { readApiKeysFrom, readClientsFrom } from './http/credentials-file.js';
import type { PlatformSettings } from './upload/platform-client.js';

const DAY_MS = 86_400_000;

/** Where Platform is, and the credentials for it; `local` is a receiver beside the service. */
export type PlatformAccess =
  | { readonly kind: 'local' }
  | ({ readonly kind: 'remote' } & PlatformSettings);

/** The settings of a service that runs alone. */
export type CampaignConfig = ReturnType<typeof parseCampaignConfig>;

/**
 * Read the configuration from the environment.
 *
 * @throws {SettingsInvalidError} with all issues
 * @throws {FaultPlanInvalidError} with all problems of the fault plan
 */
export function parseCampaignConfig(env: NodeJS.ProcessEnv) {
  const data = parseSettings(campaignSettings, env);
  return Object.freeze({
    host: data.CAMPAIGN_SERVICE_HOST,
    port: data.CAMPAIGN_SERVICE_PORT,
    mappingsDir: data.CAMPAIGN_SERVICE_MAPPINGS_DIR ?? SHIPPED_MAPPINGS_DIR,
    dataDir: data.DATA_DIR,
    organization: data.CAMPAIGN_ORGANIZATION,
    credentials: toCredentials(data),
    tokenLifetimeS: data.CAMPAIGN_SERVICE_TOKEN_LIFETIME_S,
    runIntervalMs: data.CAMPAIGN_SERVICE_RUN_INTERVAL_MS,
    retryIntervalMs: data.CAMPAIGN_SERVICE_RETRY_INTERVAL_MS,
    retentionMs: data.CAMPAIGN_SERVICE_RETENTION_DAYS * DAY_MS,
    usageLimits: {
      maxCallsPerSecond: data.CAMPAIGN_SERVICE_MAX_RPS ?? null,
      maxCallsPerDay: data.CAMPAIGN_SERVICE_MAX_CALLS_PER_DAY ?? null,
    },
    platform: toPlatformAccess(data),
    /** The fault plan; null for no faults. */
    faults:
      data.CAMPAIGN_SERVICE_FAULTS === undefined
        ? null
        : loadFaultPlan(data.CAMPAIGN_SERVICE_FAULTS),
    /** What a gateway needs to reach the service, one `NAME=value` each; secrets other than the defaults are left out. */
    gatewayEnvironment: (url: string) => toGatewayEnvironment(data, url),
  });
}

function toCredentials(data: CampaignSettings): Credentials {
  const keysFile = data.CAMPAIGN_SERVICE_API_KEYS_FILE;
  const clientsFile = data.CAMPAIGN_SERVICE_CLIENTS_FILE;
  const clients = [
    {
      clientId: data.IMS_CLIENT_ID,
      clientSecret: data.IMS_CLIENT_SECRET,
      roles: ['sqlFunctionExecution'],
    },
    {
      clientId: data.CAMPAIGN_SERVICE_ADMIN_CLIENT_ID,
      clientSecret: data.CAMPAIGN_SERVICE_ADMIN_CLIENT_SECRET,
      roles: ['administration'],
    },
  ] as const;
  return {
    apiKeys: keysFile === undefined ? () => [data.CAMPAIGN_API_KEY] : readApiKeysFrom(keysFile),
    clients: clientsFile === undefined ? () => clients : readClientsFrom(clientsFile),
  };
}

function toPlatformAccess(data: CampaignSettings): PlatformAccess {
  if (data.PLATFORM_URL === undefined) return { kind: 'local' };
  return {
    kind: 'remote',
    url: data.PLATFORM_URL,
    apiKey: data.PLATFORM_API_KEY ?? '',
    imsOrg: data.PLATFORM_IMS_ORG ?? '',
    sandbox: data.PLATFORM_SANDBOX,
    token:
      data.PLATFORM_ACCESS_TOKEN === undefined
        ? {
            kind: 'clientCredentials',
            imsUrl: data.PLATFORM_IMS_URL,
            clientId: data.PLATFORM_CLIENT_ID ?? '',
            clientSecret: data.PLATFORM_CLIENT_SECRET ?? '',
          }
        : { kind: 'fixed', accessToken: data.PLATFORM_ACCESS_TOKEN },
  };
}

function toGatewayEnvironment(data: CampaignSettings, url: string): string {
  const hasOwnKeys = data.CAMPAIGN_SERVICE_API_KEYS_FILE !== undefined;
  const hasOwnClients = data.CAMPAIGN_SERVICE_CLIENTS_FILE !== undefined;
  const isPublicAdmin = data.CAMPAIGN_SERVICE_ADMIN_CLIENT_SECRET === PUBLIC_ADMIN_SECRET;
  const isPublic = data.IMS_CLIENT_SECRET === PUBLIC_SECRET;
  return [
    `CAMPAIGN_URL=${url}`,
    `CAMPAIGN_ORGANIZATION=${data.CAMPAIGN_ORGANIZATION}`,
    `CAMPAIGN_API_KEY=${hasOwnKeys ? '…one of the keys given to this service…' : data.CAMPAIGN_API_KEY}`,
    `IMS_URL=${url}`,
    `IMS_CLIENT_ID=${hasOwnClients ? '…a client given to this service…' : data.IMS_CLIENT_ID}`,
    `IMS_CLIENT_SECRET=${isPublic && !hasOwnClients ? PUBLIC_SECRET : '…as given to this service…'}`,
    `CAMPAIGN_ADMIN_CLIENT_ID=${hasOwnClients ? '…a client given to this service…' : data.CAMPAIGN_SERVICE_ADMIN_CLIENT_ID}`,
    `CAMPAIGN_ADMIN_CLIENT_SECRET=${isPublicAdmin && !hasOwnClients ? PUBLIC_ADMIN_SECRET : '…as given to this service…'}`,
  ].join('\n');
}
