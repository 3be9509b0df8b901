import { join } from 'node:path';
import { z } from 'zod';
import { isLoopback } from '../adobe/loopback.js';
import { listenHost, parseSettings, path, text } from '../adobe/settings.js';
import { packageFolder } from '../process/package-folder.js';

/** The datasets of the sample mappings. */
export const SHIPPED_DATASETS_DIR = join(packageFolder, 'datasets');

/** The public default, so that the receiver can be tried without any setup. Only valid on a loopback address. */
export const PUBLIC_SECRET = 'sluice-demo-secret';

const DAY_MS = 86_400_000;

const wholeNumber = (from: number, to: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `expected a whole number, ${from} to ${to}`)
    .transform(Number)
    .refine((n) => n >= from && n <= to, `expected a whole number, ${from} to ${to}`);

const environment = z
  .object({
    PLATFORM_RECEIVER_HOST: listenHost.default('127.0.0.1'),
    PLATFORM_RECEIVER_PORT: wholeNumber(0, 65_535).default(4020),
    PLATFORM_RECEIVER_DATASETS_DIR: path.default(SHIPPED_DATASETS_DIR),
    PLATFORM_RECEIVER_STEP_MS: wholeNumber(0, 600_000).optional(),
    PLATFORM_RECEIVER_RETENTION_DAYS: wholeNumber(1, 36_500).default(90),
    PLATFORM_RECEIVER_MAX_CALLS_PER_MINUTE: wholeNumber(1, 1_000_000).optional(),
    DATA_DIR: path.default('.sluice'),
    PLATFORM_API_KEY: text.default('sluice-demo-key'),
    PLATFORM_IMS_ORG: text.default('sluice@AdobeOrg'),
    PLATFORM_SANDBOX: text.default('prod'),
    PLATFORM_CLIENT_ID: text.default('sluice-demo-client'),
    PLATFORM_CLIENT_SECRET: text.default(PUBLIC_SECRET),
  })
  .superRefine((env, context) => {
    if (env.PLATFORM_CLIENT_SECRET !== PUBLIC_SECRET) return;
    if (isLoopback(env.PLATFORM_RECEIVER_HOST)) return;
    const message = `must be set if PLATFORM_RECEIVER_HOST is not a loopback address, because the default is public`;
    context.addIssue({ code: 'custom', path: ['PLATFORM_CLIENT_SECRET'], message });
  });

/** The settings of a receiver. */
export interface PlatformConfig {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly datasetsDir: string;
  /** Everything is stored in its folder `platform`, which only one receiver can use at a time. */
  readonly dataDir: string;
  readonly apiKey: string;
  /** Such as `sluice@AdobeOrg`. */
  readonly imsOrg: string;
  readonly sandbox: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** How long a complete batch rests in each status before its processing, in ms; 50 by default. */
  readonly stepMs?: number;
  /** How long a resting batch is kept, in ms; 90 days by default. */
  readonly retentionMs?: number;
  /** More calls get a 429; no limit by default. */
  readonly maxCallsPerMinute?: number;
}

/**
 * Read the configuration from the environment.
 *
 * @throws {SettingsInvalidError} with all issues
 */
export function parsePlatformConfig(env: NodeJS.ProcessEnv): PlatformConfig {
  const data = parseSettings(environment, env);
  const stepMs = data.PLATFORM_RECEIVER_STEP_MS;
  const maxCallsPerMinute = data.PLATFORM_RECEIVER_MAX_CALLS_PER_MINUTE;
  return Object.freeze({
    host: data.PLATFORM_RECEIVER_HOST,
    port: data.PLATFORM_RECEIVER_PORT,
    datasetsDir: data.PLATFORM_RECEIVER_DATASETS_DIR,
    dataDir: data.DATA_DIR,
    apiKey: data.PLATFORM_API_KEY,
    imsOrg: data.PLATFORM_IMS_ORG,
    sandbox: data.PLATFORM_SANDBOX,
    clientId: data.PLATFORM_CLIENT_ID,
    clientSecret: data.PLATFORM_CLIENT_SECRET,
    retentionMs: data.PLATFORM_RECEIVER_RETENTION_DAYS * DAY_MS,
    ...(stepMs === undefined ? {} : { stepMs }),
    ...(maxCallsPerMinute === undefined ? {} : { maxCallsPerMinute }),
  });
}

/**
 * The environment that points a client at the receiver, one `NAME=value` per line. A secret other than the default is
 * not shown.
 *
 * @param url - the receiver's base URL
 */
export function toClientEnvironment(config: PlatformConfig, url: string): string {
  const isPublic = config.clientSecret === PUBLIC_SECRET;
  return [
    `PLATFORM_URL=${url}`,
    `PLATFORM_API_KEY=${config.apiKey}`,
    `PLATFORM_IMS_ORG=${config.imsOrg}`,
    `PLATFORM_SANDBOX=${config.sandbox}`,
    `PLATFORM_CLIENT_ID=${config.clientId}`,
    `PLATFORM_CLIENT_SECRET=${isPublic ? PUBLIC_SECRET : '…as given to this receiver…'}`,
    `PLATFORM_IMS_URL=${url}`,
  ].join('\n');
}
