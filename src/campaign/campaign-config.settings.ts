import { join } from 'node:path';
import { z } from 'zod';
import { isLoopback } from '../adobe/loopback.js';
import { listenHost, path, text } from '../adobe/settings.js';
import { packageFolder } from '../process/package-folder.js';

/** Where the sample mappings are. */
export const SHIPPED_MAPPINGS_DIR = join(packageFolder, 'mappings');

/** The public defaults, so that the service can be tried without any setup. Only valid on a loopback address. */
export const PUBLIC_SECRET = 'sluice-demo-secret';
/** The administrator's. */
export const PUBLIC_ADMIN_SECRET = 'sluice-demo-admin-secret';

const ADOBE_IMS_URL = 'https://ims-na1.adobelogin.com';

const MAX_INTERVAL_MS = 7 * 24 * 60 * 60_000;

function wholeNumber(min: number, max: number) {
  const expected = `expected a whole number, ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,10}$/, expected)
    .transform(Number)
    .refine((number) => number >= min && number <= max, expected);
}

const url = z
  .string()
  .refine(
    (given) => /^https?:$/.test(URL.parse(given)?.protocol ?? ''),
    'expected an http or https URL',
  )
  .transform((given) => given.replace(/\/+$/, ''));

/** The service's environment: names, forms and defaults. */
export const campaignSettings = z
  .object({
    CAMPAIGN_SERVICE_HOST: listenHost.default('127.0.0.1'),
    CAMPAIGN_SERVICE_PORT: z
      .string()
      .regex(/^\d{1,5}$/, 'expected a port, 0 to 65535')
      .transform(Number)
      .refine((port) => port <= 65_535, 'expected a port, 0 to 65535')
      .default(4010),
    CAMPAIGN_SERVICE_MAPPINGS_DIR: path.optional(),
    DATA_DIR: path.default('.sluice'),
    CAMPAIGN_ORGANIZATION: text.default('acme'),
    CAMPAIGN_API_KEY: text.default('sluice-demo-key'),
    CAMPAIGN_SERVICE_API_KEYS_FILE: path.optional(),
    IMS_CLIENT_ID: text.default('sluice-demo-client'),
    IMS_CLIENT_SECRET: text.default(PUBLIC_SECRET),
    CAMPAIGN_SERVICE_ADMIN_CLIENT_ID: text.default('sluice-demo-admin'),
    CAMPAIGN_SERVICE_ADMIN_CLIENT_SECRET: text.default(PUBLIC_ADMIN_SECRET),
    CAMPAIGN_SERVICE_CLIENTS_FILE: path.optional(),
    CAMPAIGN_SERVICE_TOKEN_LIFETIME_S: wholeNumber(1, 86_400).default(86_399),
    CAMPAIGN_SERVICE_RUN_INTERVAL_MS: wholeNumber(1_000, MAX_INTERVAL_MS).default(15 * 60_000),
    CAMPAIGN_SERVICE_RETRY_INTERVAL_MS: wholeNumber(1_000, MAX_INTERVAL_MS).default(60_000),
    CAMPAIGN_SERVICE_RETENTION_DAYS: wholeNumber(1, 36_500).default(90),
    CAMPAIGN_SERVICE_MAX_RPS: wholeNumber(1, 100_000).optional(),
    CAMPAIGN_SERVICE_MAX_CALLS_PER_DAY: wholeNumber(1, 1_000_000_000).optional(),
    CAMPAIGN_SERVICE_FAULTS: path.optional(),
    PLATFORM_URL: url.optional(),
    PLATFORM_API_KEY: text.optional(),
    PLATFORM_IMS_ORG: text.optional(),
    PLATFORM_SANDBOX: text.default('prod'),
    PLATFORM_ACCESS_TOKEN: text.optional(),
    PLATFORM_IMS_URL: url.default(ADOBE_IMS_URL),
    PLATFORM_CLIENT_ID: text.optional(),
    PLATFORM_CLIENT_SECRET: text.optional(),
  })
  .superRefine((env, context) => {
    const issue = (name: string, message: string) =>
      context.addIssue({ code: 'custom', path: [name], message });

    if (env.CAMPAIGN_SERVICE_CLIENTS_FILE === undefined && !isLoopback(env.CAMPAIGN_SERVICE_HOST)) {
      const why =
        'must be set if CAMPAIGN_SERVICE_HOST is not a loopback address, because the default is public';
      if (env.IMS_CLIENT_SECRET === PUBLIC_SECRET) issue('IMS_CLIENT_SECRET', why);
      if (env.CAMPAIGN_SERVICE_ADMIN_CLIENT_SECRET === PUBLIC_ADMIN_SECRET) {
        issue('CAMPAIGN_SERVICE_ADMIN_CLIENT_SECRET', why);
      }
    }

    if (env.CAMPAIGN_SERVICE_FAULTS !== undefined && !isLoopback(env.CAMPAIGN_SERVICE_HOST)) {
      issue(
        'CAMPAIGN_SERVICE_FAULTS',
        'must not be set if CAMPAIGN_SERVICE_HOST is not a loopback address, because it is for tests',
      );
    }

    if (env.CAMPAIGN_SERVICE_ADMIN_CLIENT_ID === env.IMS_CLIENT_ID) {
      issue('CAMPAIGN_SERVICE_ADMIN_CLIENT_ID', 'must not be the same as IMS_CLIENT_ID');
    }

    if (env.PLATFORM_URL === undefined) return;
    if (env.CAMPAIGN_SERVICE_MAPPINGS_DIR === undefined) {
      // The scheduler runs one of the samples, and invented people must not get to a real Platform unless somebody
      // asks for it.
      issue(
        'CAMPAIGN_SERVICE_MAPPINGS_DIR',
        'must be set because PLATFORM_URL is set, and the sample mappings are for the local receiver',
      );
    }
    for (const name of ['PLATFORM_API_KEY', 'PLATFORM_IMS_ORG'] as const) {
      if (env[name] === undefined) issue(name, 'must be set because PLATFORM_URL is set');
    }
    const clientSettings = ['PLATFORM_CLIENT_ID', 'PLATFORM_CLIENT_SECRET'] as const;
    if (env.PLATFORM_ACCESS_TOKEN !== undefined) {
      if (clientSettings.every((name) => env[name] === undefined)) return;
      issue(
        'PLATFORM_ACCESS_TOKEN',
        'must not be set together with PLATFORM_CLIENT_ID or PLATFORM_CLIENT_SECRET: choose one way to get a token',
      );
      return;
    }
    for (const name of clientSettings) {
      if (env[name] !== undefined) continue;
      issue(name, 'must be set because PLATFORM_URL is set (or PLATFORM_ACCESS_TOKEN instead)');
    }
  });

/** The parsed environment. */
export type CampaignSettings = z.output<typeof campaignSettings>;
