import { type ExposureConfig, toExposureConfig } from './config/exposure.js';
import { findIdleCredential, type PlatformConfig, toPlatformConfig } from './config/platform.js';
import { toOutgoingProxies } from './config/proxies.js';
import { pathSettings, type Settings, settings } from './config/settings.js';
import { type OpenIdClient, toAudience, toOpenIdClient, toSignInConfig } from './config/sign-in.js';
import {
  type Environment,
  isSecret,
  readSecretFiles,
  secrets,
  withEnvFile,
} from './config/sources.js';
import { toUpstreamConfig, type UpstreamConfig } from './config/upstream.js';
import type { OutgoingProxies } from './datasources/upstream/outgoing-proxy.js';
import { type LogForm, type LogLevel, toLogForm } from './process/log-form.js';
import { findPathProblem, isQuoted } from './process/setting-text.js';
import type { SignInConfig } from './server/sign-in/sign-in.js';

/** Where the gateway's log is. */
export type DatabaseConfig =
  | { readonly kind: 'sqlite'; readonly dataDir: string }
  | { readonly kind: 'postgres'; readonly url: string; readonly maxConnections: number };

/** All settings, read once at startup. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** Null if everybody is the anonymous caller. */
  readonly signIn: SignInConfig | null;
  /** How people sign in to the console; null where they paste a key or a token. */
  readonly openId: OpenIdClient | null;
  readonly upstream: UpstreamConfig;
  /** Null if batches are not looked up, or if the embedded service uploads to the local receiver. */
  readonly platform: PlatformConfig | null;
  /** The proxies for all calls. */
  readonly proxies: OutgoingProxies;
  readonly timeoutMs: number;
  /** The longest wait that an upstream may ask for. */
  readonly maxWaitMs: number;
  readonly maxRps: number;
  readonly statusRequestIdIn: 'query' | 'body';
  readonly pollMinMs: number;
  readonly pollMaxMs: number;
  readonly database: DatabaseConfig;
  /** For the embedded Campaign service, and for the log if that is a file. */
  readonly dataDir: string;
  readonly retentionDays: number;
  /** How long a process keeps serving after it was told to stop; null if that depends on how it was started. */
  readonly drainDelayMs: number | null;
  /** Whether the API is a subgraph of an Apollo federation. */
  readonly isSubgraph: boolean;
  readonly exposure: ExposureConfig;
  readonly logLevel: LogLevel;
  readonly logForm: LogForm;
}

/** Invalid settings of this gateway; each line names one variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly issues: readonly string[]) {
    super(`These settings must be corrected:\n${issues.map((issue) => `  ${issue}`).join('\n')}`);
  }
}

/** The prefixes of our variables. A misspelt one is reported, because its author meant to set something. */
const ourPrefixes = [
  'AUTH_',
  'CAMPAIGN_',
  'CONSOLE_',
  'DATABASE_',
  'DRAIN_',
  'IMS_',
  'PLATFORM_',
  'LIMIT_',
  'POLL_',
  'RETENTION_',
  'SLUICE_',
];

/** What no setting contains: control characters, line ends, and Node.js's replacement for bytes that are not UTF-8. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\uFFFD].*/su;

/** For services that run alone; known here, so that one `.env` can serve all. */
const servicePrefixes = ['CAMPAIGN_SERVICE_', 'PLATFORM_RECEIVER_'];

/**
 * Parse the environment, and a `.env` file that it overrides, to a frozen Config. An empty variable counts as unset.
 *
 * @param process - the process's variables
 * @param envFile - the path of the file, which may be missing
 * @param warn - called for each variable with a prefix of ours that has no meaning
 * @param isTerminal - whether the log goes to a terminal
 * @throws {ConfigError} with all issues: the variable, its value (secrets masked), what is allowed
 */
export function parseConfig(
  process: Environment,
  envFile: string,
  warn: (message: string) => void,
  isTerminal = false,
): Config {
  const issues: string[] = [];
  const environment = withEnvFile(process, envFile, issues);
  const given = readSecretFiles(environment, issues);
  for (const name of unknownVariables(environment)) {
    warn(`${name} is not a setting of Sluice and was ignored. See docs/settings.md.`);
  }

  if (!given.CAMPAIGN_URL && given.CAMPAIGN_API_KEY) {
    warn('CAMPAIGN_API_KEY is set but CAMPAIGN_URL is not: the embedded Campaign service is used.');
  }
  const idleCredential = findIdleCredential(given);
  if (idleCredential !== undefined) {
    warn(
      `${idleCredential} is set but PLATFORM_URL is not: the embedded Campaign service uploads to the local receiver.`,
    );
  }

  const parsed: Record<string, unknown> = {};
  for (const [name, { allowed, schema }] of Object.entries(settings)) {
    const value = given[name] === '' ? undefined : given[name];
    const noPath = pathSettings.has(name) ? findPathProblem(value ?? '') : null;
    const result = schema.safeParse(value);
    if (value !== undefined && isQuoted(value)) {
      issues.push(
        `${name}=${masked(name, value)}: expected ${allowed}, without quotes, which would be part of the value`,
      );
    } else if (!result.success) issues.push(`${name}=${masked(name, value)}: expected ${allowed}`);
    else if (noPath !== null) issues.push(`${name}=${masked(name, value)}: expected ${noPath}`);
    else if (value !== undefined && UNPRINTABLE.test(value)) {
      const beginning = masked(name, value).replace(UNPRINTABLE, '…');
      issues.push(`${name}=${beginning}: expected ${allowed}, in UTF-8 and on one line`);
    } else parsed[name] = result.data;
  }
  // The schema of its name parsed each entry; the issues report those that failed.
  const read = parsed as Partial<Settings>;

  if ((read.POLL_MIN_MS ?? 0) > (read.POLL_MAX_MS ?? Number.POSITIVE_INFINITY)) {
    issues.push(
      `POLL_MIN_MS=${read.POLL_MIN_MS}: expected at most POLL_MAX_MS, which is ${read.POLL_MAX_MS}`,
    );
  }
  const signIn = toSignInConfig(read, issues);
  const openId = toOpenIdClient(read, issues);
  if (signIn === null && !read.ALLOW_ANONYMOUS && read.TRUST_PROXY?.length) {
    warn(
      'TRUST_PROXY is set, but there is no sign-in, and ALLOW_ANONYMOUS=true is not set either: Sluice only serves this machine, and refuses requests that proxies forward for others.',
    );
  }
  const upstream = toUpstreamConfig(read, given, issues);
  const platform = toPlatformConfig(read, given, issues);
  const proxies = toOutgoingProxies(given, issues);
  if (issues.length > 0) throw new ConfigError(issues);

  const all = parsed as Settings;
  return deepFrozen({
    host: all.HOST,
    port: all.PORT,
    signIn,
    openId,
    upstream,
    platform,
    proxies,
    timeoutMs: all.CAMPAIGN_TIMEOUT_MS,
    maxWaitMs: all.CAMPAIGN_MAX_WAIT_MS,
    maxRps: all.CAMPAIGN_MAX_RPS,
    statusRequestIdIn: all.CAMPAIGN_STATUS_REQUEST_ID_IN,
    pollMinMs: all.POLL_MIN_MS,
    pollMaxMs: all.POLL_MAX_MS,
    database: all.DATABASE_URL
      ? { kind: 'postgres', url: all.DATABASE_URL, maxConnections: all.DATABASE_POOL_MAX }
      : { kind: 'sqlite', dataDir: all.DATA_DIR },
    dataDir: all.DATA_DIR,
    retentionDays: all.RETENTION_DAYS,
    drainDelayMs: all.DRAIN_DELAY_MS ?? null,
    isSubgraph: all.FEDERATION,
    exposure: toExposureConfig(all, toAudience(all, signIn)),
    logLevel: all.LOG_LEVEL,
    logForm: toLogForm(all.LOG_FORMAT, environment, isTerminal),
  });
}

function unknownVariables(environment: Environment): string[] {
  const known = new Set<string>([
    ...Object.keys(settings),
    ...secrets.map((name) => `${name}_FILE`),
  ]);
  return Object.keys(environment).filter(
    (name) =>
      !known.has(name) &&
      !servicePrefixes.some((prefix) => name.startsWith(prefix)) &&
      ourPrefixes.some((prefix) => name.startsWith(prefix)),
  );
}

function masked(name: string, value: string | undefined): string {
  if (isSecret(name)) return '***';
  // Everything that may be credentials of a URL, even of an invalid one, because a password may contain any
  // character. After a question mark there may be a key.
  return (value ?? '').replace(/^(.*?\/\/)?.*@/s, '$1***@').replace(/(\/\/.*?[?#]).+$/s, '$1***');
}

function deepFrozen<T extends object>(value: T): Readonly<T> {
  for (const part of Object.values(value))
    if (part !== null && typeof part === 'object') deepFrozen(part);
  return Object.freeze(value);
}
