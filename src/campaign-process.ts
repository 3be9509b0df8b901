import type { Logger } from 'pino';
import { DataFolderUnusableError } from './adobe/data-folder.js';
import { readEnvFile } from './adobe/env-file.js';
import { CredentialsUnreadableError } from './adobe/ims.js';
import { addressSettings, ListenError } from './adobe/listen.js';
import {
  type CampaignConfig,
  CampaignConfigError,
  type PlatformAccess,
  parseCampaignConfig,
} from './campaign/campaign-config.js';
import { startCampaignService } from './campaign/campaign-service.js';
import { FaultPlanInvalidError } from './campaign/faults/fault-plan-file.js';
import { MappingsInvalidError } from './campaign/mapping/mapping-issue.js';
import { StateUnusableError } from './campaign/state/state-database.js';
import { toOutgoingProxies } from './config/proxies.js';
import { findProxy, type OutgoingProxies } from './datasources/upstream/outgoing-proxy.js';
import { type LocalPlatform, startLocalPlatform } from './local-platform.js';
import { DatasetsInvalidError } from './platform/datasets.js';
import {
  PlatformConfigError,
  parsePlatformConfig,
  toClientEnvironment,
} from './platform/platform-config.js';
import { endFailedStart } from './process/failed-start.js';
import { toListenErrorText } from './process/listen-error-text.js';
import { createServiceLogger } from './process/logger.js';
import { stopOnSignal } from './process/stop-signals.js';

/** What the operator can mend. */
const PLAIN_ERRORS = [
  CampaignConfigError,
  CredentialsUnreadableError,
  DataFolderUnusableError,
  DatasetsInvalidError,
  FaultPlanInvalidError,
  MappingsInvalidError,
  PlatformConfigError,
  StateUnusableError,
] as const;

async function main(): Promise<void> {
  // What the process was given goes before what the file says.
  Object.assign(process.env, { ...readEnv(), ...process.env });
  const config = parseCampaignConfig(process.env);
  const issues: string[] = [];
  const proxies = toOutgoingProxies(process.env, issues);
  if (issues.length > 0) throw new CampaignConfigError(issues.join('\n'));
  const logger = createServiceLogger();
  const running = new AsyncDisposableStack();
  const started = start(config, proxies, logger, running);
  stopOnSignal(() => started.then(() => running.disposeAsync()));
  await started;
}

async function start(
  config: CampaignConfig,
  proxies: OutgoingProxies,
  logger: Logger,
  running: AsyncDisposableStack,
): Promise<void> {
  try {
    const { settings, schemaOf } = await startPlatform(config.platform, logger, running);
    const { url, stop } = await startCampaignService({
      ...config,
      platform: settings,
      schemaOf,
      proxyOf: (url) => findProxy(url, proxies),
      sourceEnvironment: process.env,
      logger: logger.child({ part: 'campaign' }),
    });
    running.defer(stop);
    process.stdout.write(`\nPoint a gateway here:\n\n${config.gatewayEnvironment(url)}\n\n`);
  } catch (error) {
    tell(error);
    await endFailedStart(() => running.disposeAsync());
  }
}

function readEnv(): NodeJS.ProcessEnv {
  try {
    return readEnvFile('.env');
  } catch (error) {
    throw new CampaignConfigError((error as Error).message, { cause: error });
  }
}

/** The Platform that was given, or a receiver in this process. */
async function startPlatform(
  access: PlatformAccess,
  logger: Logger,
  running: AsyncDisposableStack,
): Promise<Pick<LocalPlatform, 'settings'> & Partial<LocalPlatform>> {
  if (access.kind === 'remote') return { settings: access };
  const config = parsePlatformConfig(process.env);
  const local = await startLocalPlatform(config, logger.child({ part: 'platform' }));
  running.defer(() => local.stop());
  process.stdout.write(
    `\nTo have a gateway look up batches, give it these, but not in a .env that this service reads:\n\n${toClientEnvironment(config, local.settings.url)}\n`,
  );
  return local;
}

function tell(error: unknown): void {
  process.stderr.write(`${toMessage(error)}\n`);
}

/** What the operator can mend needs no stack. */
function toMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof ListenError) return toListenErrorText(error, addressSettings[error.service]);
  const isPlain = 'code' in error || PLAIN_ERRORS.some((kind) => error instanceof kind);
  return isPlain ? error.message : (error.stack ?? error.message);
}

main().catch((error: unknown) => {
  tell(error);
  return endFailedStart(async () => {});
});
