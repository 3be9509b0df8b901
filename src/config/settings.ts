import { isIP } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { logFormats, logLevels } from '../process/log-form.js';
import { packageFolder } from '../process/package-folder.js';
import { isLoopback } from '../server/admission/loopback.js';
import { tokenAlgorithms } from '../server/sign-in/access-tokens.js';
import { exposureSettings } from './exposure.js';
import { optionalNumber, wholeNumberOr } from './whole-number.js';

const shippedMappingsDir = join(packageFolder, 'mappings');

const text = z.string().min(1);
const httpUrl = {
  allowed: 'an http or https URL without credentials, query or fragment',
  schema: z
    .string()
    .refine(isPlainHttpUrl)
    .transform((url) => url.replace(/\/+$/, '')),
};

/** Credentials have their own variables, because a URL is logged and shown. A query would be lost. */
function isPlainHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) return false;
  return [url.username, url.password, url.search, url.hash].every((part) => part === '');
}

/** The driver interprets its query (such as `sslmode`). */
function isPostgresUrl(text: string): boolean {
  return /^postgres(ql)?:$/.test(URL.parse(text)?.protocol ?? '');
}

/** Where to listen. An IPv6 address may have brackets, as in URLs. */
const listenHost = {
  allowed: 'a host name or an IP address, without a port',
  schema: text.transform((host) => host.replace(/^\[(.*)\]$/, '$1')).refine(isHost),
};

function isHost(host: string): boolean {
  return isIP(host) !== 0 || /^[\w-]+(\.[\w-]+)*\.?$/.test(host);
}

/** A valid HTTP header value. Checked at startup, because otherwise it would look like an upstream that is down. */
const headerText = {
  allowed: 'visible ASCII characters without blanks',
  schema: z
    .string()
    .regex(/^[\x21-\x7e]+$/)
    .optional(),
};

/** It becomes a path segment, which these two can't be in any encoding. */
const pathSegment = text.refine((name) => name !== '.' && name !== '..' && name.isWellFormed());

/** What comes over plain HTTP could be anybody's, unless it comes from this machine. */
const trustedUrl = {
  allowed: `${httpUrl.allowed}; http only on this machine`,
  schema: httpUrl.schema.refine((text) => {
    const url = new URL(text);
    return url.protocol === 'https:' || isLoopback(url.hostname.replace(/^\[|\]$/g, ''));
  }),
};

/** Comma-separated texts, at least one. A trailing comma adds none. */
const list = text.transform(toItems).pipe(z.array(text).min(1));

function toItems(list: string): string[] {
  return list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

const yesOrNo = {
  allowed: 'true or false',
  schema: z
    .enum(['true', 'false'])
    .default('false')
    .transform((answer) => answer === 'true'),
};

const anyText = { allowed: 'a text', schema: text.optional() };

/** Each variable: what is allowed, in words, and as a schema. */
export const settings = {
  HOST: { allowed: listenHost.allowed, schema: listenHost.schema.default('127.0.0.1') },
  PORT: wholeNumberOr(4000, 'a whole number', 0, 65535),
  CAMPAIGN_URL: { allowed: httpUrl.allowed, schema: httpUrl.schema.optional() },
  CAMPAIGN_ORGANIZATION: { allowed: 'a name such as acme', schema: pathSegment.optional() },
  CAMPAIGN_API_KEY: headerText,
  CAMPAIGN_ACCESS_TOKEN: headerText,
  IMS_URL: {
    allowed: httpUrl.allowed,
    schema: httpUrl.schema.default('https://ims-na1.adobelogin.com'),
  },
  IMS_CLIENT_ID: anyText,
  IMS_CLIENT_SECRET: anyText,
  IMS_SCOPES: {
    allowed: 'comma-separated scopes',
    schema: list.default([
      'openid',
      'AdobeID',
      'read_organizations',
      'additional_info.projectedProductContext',
    ]),
  },
  CAMPAIGN_ADMIN_CLIENT_ID: anyText,
  CAMPAIGN_ADMIN_CLIENT_SECRET: anyText,
  CAMPAIGN_TIMEOUT_MS: wholeNumberOr(10_000, 'milliseconds', 1, 600_000),
  CAMPAIGN_MAX_RPS: wholeNumberOr(20, 'calls a second', 1, 10_000),
  CAMPAIGN_MAX_WAIT_MS: wholeNumberOr(300_000, 'milliseconds', 1_000, 86_400_000),
  CAMPAIGN_STATUS_REQUEST_ID_IN: {
    allowed: 'query or body',
    schema: z.enum(['query', 'body']).default('query'),
  },
  POLL_MIN_MS: wholeNumberOr(1_000, 'milliseconds', 10, 86_400_000),
  POLL_MAX_MS: wholeNumberOr(30_000, 'milliseconds', 10, 86_400_000),
  CAMPAIGN_SERVICE_MAPPINGS_DIR: {
    allowed: 'a directory with mapping files',
    schema: text.default(shippedMappingsDir),
  },
  CAMPAIGN_SERVICE_FAULTS: { allowed: 'a file', schema: text.optional() },
  PLATFORM_URL: {
    allowed: httpUrl.allowed,
    schema: httpUrl.schema.default('https://platform.adobe.io'),
  },
  PLATFORM_API_KEY: headerText,
  PLATFORM_IMS_ORG: headerText,
  PLATFORM_SANDBOX: { ...headerText, schema: headerText.schema.default('prod') },
  PLATFORM_ACCESS_TOKEN: headerText,
  PLATFORM_IMS_URL: {
    allowed: httpUrl.allowed,
    schema: httpUrl.schema.default('https://ims-na1.adobelogin.com'),
  },
  PLATFORM_CLIENT_ID: anyText,
  PLATFORM_CLIENT_SECRET: anyText,
  DATABASE_URL: {
    allowed: 'a URL such as postgres://user:password@host:5432/database',
    schema: z.string().refine(isPostgresUrl).optional(),
  },
  DATABASE_POOL_MAX: wholeNumberOr(10, 'connections', 2, 1_000),
  DATA_DIR: { allowed: 'a directory', schema: text.default('.sluice') },
  RETENTION_DAYS: wholeNumberOr(90, 'days', 1, 36_500),
  DRAIN_DELAY_MS: optionalNumber('milliseconds', 0, 600_000),
  ...exposureSettings,
  FEDERATION: yesOrNo,
  ALLOW_ANONYMOUS: yesOrNo,
  API_KEYS_FILE: { allowed: 'a file', schema: text.optional() },
  AUTH_JWKS_URL: { ...trustedUrl, schema: trustedUrl.schema.optional() },
  AUTH_ISSUER: anyText,
  AUTH_AUDIENCE: { allowed: 'comma-separated texts', schema: list.optional() },
  AUTH_ALGORITHMS: {
    allowed: `some of ${tokenAlgorithms.join(', ')}`,
    schema: list.default([...tokenAlgorithms]).pipe(z.array(z.enum(tokenAlgorithms))),
  },
  AUTH_NAME_CLAIM: { allowed: 'the name of a claim', schema: text.default('sub') },
  AUTH_MAPPINGS_CLAIM: { allowed: 'the name of a claim', schema: text.optional() },
  AUTH_CLOCK_TOLERANCE_MS: wholeNumberOr(5_000, 'milliseconds', 0, 300_000),
  CONSOLE_OIDC_ISSUER: { ...trustedUrl, schema: trustedUrl.schema.optional() },
  CONSOLE_OIDC_CLIENT_ID: anyText,
  CONSOLE_OIDC_SCOPE: {
    allowed: 'scopes with spaces between them, openid among them',
    schema: text.refine((scope) => scope.split(' ').includes('openid')).optional(),
  },
  LOG_FORMAT: { allowed: logFormats.join(', '), schema: z.enum(logFormats).optional() },
  LOG_LEVEL: { allowed: logLevels.join(', '), schema: z.enum(logLevels).default('info') },
} as const;

/** The variables' values. */
export type Settings = {
  [Name in keyof typeof settings]: z.output<(typeof settings)[Name]['schema']>;
};

/** The settings that name a file or a folder, except those for files of secrets. */
export const pathSettings: ReadonlySet<string> = new Set([
  'API_KEYS_FILE',
  'CAMPAIGN_SERVICE_FAULTS',
  'CAMPAIGN_SERVICE_MAPPINGS_DIR',
  'DATA_DIR',
  'PERSISTED_OPERATIONS',
]);
