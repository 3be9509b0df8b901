import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const SHIPPED_MAPPINGS_DIR = fileURLToPath(new URL('../../../mappings', import.meta.url));

/** The public default, so that trying the service needs no setting up. Good on a loopback address only. */
export const PUBLIC_SECRET = 'sluice-demo-secret';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

const environment = z
  .object({
    CAMPAIGN_SERVICE_HOST: z.string().min(1).default('127.0.0.1'),
    CAMPAIGN_SERVICE_PORT: z
      .string()
      .regex(/^\d{1,5}$/, 'expected a port, 0 to 65535')
      .transform(Number)
      .refine((port) => port <= 65_535, 'expected a port, 0 to 65535')
      .default(4010),
    CAMPAIGN_SERVICE_MAPPINGS_DIR: z.string().min(1).default(SHIPPED_MAPPINGS_DIR),
    DATA_DIR: z.string().min(1).default('.sluice'),
    CAMPAIGN_ORGANIZATION: z.string().min(1).default('acme'),
    CAMPAIGN_API_KEY: z.string().min(1).default('sluice-demo-key'),
    IMS_CLIENT_ID: z.string().min(1).default('sluice-demo-client'),
    IMS_CLIENT_SECRET: z.string().min(1).default(PUBLIC_SECRET),
  })
  .superRefine((env, context) => {
    if (env.IMS_CLIENT_SECRET !== PUBLIC_SECRET || LOOPBACK.test(env.CAMPAIGN_SERVICE_HOST)) return;
    const message = `must be set where CAMPAIGN_SERVICE_HOST is not a loopback address: the default is public`;
    context.addIssue({ code: 'custom', path: ['IMS_CLIENT_SECRET'], message });
  });

/** How the service runs alone. */
export interface CampaignConfig {
  readonly host: string;
  readonly port: number;
  readonly mappingsDir: string;
  readonly dataDir: string;
  readonly organization: string;
  readonly apiKey: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** The environment is not fit to start with. The message lists every fault, one a line. */
export class CampaignConfigError extends Error {
  override readonly name = 'CampaignConfigError';
}

/**
 * Read the configuration from the environment. What is not set, or set to nothing, has a default; what is
 * set wrongly is a fault.
 *
 * @throws {CampaignConfigError} with all faults
 */
export function parseCampaignConfig(env: NodeJS.ProcessEnv): CampaignConfig {
  const given = Object.entries(env).filter(([, value]) => value !== '');
  const parsed = environment.safeParse(Object.fromEntries(given));
  if (!parsed.success) {
    const faults = parsed.error.issues.map(
      ({ path, message }) => `  ${path.join('.')}: ${message}`,
    );
    throw new CampaignConfigError(['The environment is wrong:', ...faults].join('\n'));
  }
  const { data } = parsed;
  return Object.freeze({
    host: data.CAMPAIGN_SERVICE_HOST,
    port: data.CAMPAIGN_SERVICE_PORT,
    mappingsDir: data.CAMPAIGN_SERVICE_MAPPINGS_DIR,
    dataDir: data.DATA_DIR,
    organization: data.CAMPAIGN_ORGANIZATION,
    apiKey: data.CAMPAIGN_API_KEY,
    clientId: data.IMS_CLIENT_ID,
    clientSecret: data.IMS_CLIENT_SECRET,
  });
}

/**
 * The environment that points a gateway at the service, one `NAME=value` a line. A secret of one's own is
 * not written out.
 *
 * @param url - the service's base URL
 */
export function toGatewayEnvironment(config: CampaignConfig, url: string): string {
  const isPublic = config.clientSecret === PUBLIC_SECRET;
  return [
    `CAMPAIGN_URL=${url}`,
    `CAMPAIGN_ORGANIZATION=${config.organization}`,
    `CAMPAIGN_API_KEY=${config.apiKey}`,
    `IMS_URL=${url}`,
    `IMS_CLIENT_ID=${config.clientId}`,
    `IMS_CLIENT_SECRET=${isPublic ? PUBLIC_SECRET : '…as given to this service…'}`,
  ].join('\n');
}
