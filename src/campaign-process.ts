import type { Logger } from 'pino';
import { CredentialsUnreadableError } from './adobe/ims.js';
import { toPrintableError } from './adobe/printable-error.js';
import { readEnvFile, SettingsInvalidError } from './adobe/settings.js';
import {
  type CampaignConfig,
  type PlatformAccess,
  parseCampaignConfig,
} from './campaign/campaign-config.js';
import { startCampaignService } from './campaign/campaign-service.js';
import { FaultPlanInvalidError } from './campaign/faults/fault-plan.js';
import { MappingsInvalidError } from './campaign/mapping/mapping-issue.js';
import { StateUnusableError } from './campaign/state/state-database.js';
import { toOutgoingProxies } from './config/proxies.js';
import { findProxy, type OutgoingProxies } from './datasources/upstream/outgoing-proxy.js';
import { type LocalPlatform, startLocalPlatform } from './local-platform.js';
import { DatasetsInvalidError } from './platform/datasets.js';
import { parsePlatformConfig, toClientEnvironment } from './platform/platform-config.js';
import { endFailedStart } from './process/failed-start.js';
import { createServiceLogger } from './process/logger.js';
import { stopOnSignal } from './process/stop-signals.js';

/** What the operator can mend. */
const PLAIN_ERRORS = [
  CredentialsUnreadableError,
  DatasetsInvalidError,
  FaultPlanInvalidError,
  MappingsInvalidError,
  StateUnusableError,
] as const;

const running = new AsyncDisposableStack();

async function main(): Promise<void> {
  // What the process was given goes before what the file says.
  Object.assign(process.env, { ...readEnvFile('.env'), ...process.env });
  const config = parseCampaignConfig(process.env);
  const issues: string[] = [];
  const proxies = toOutgoingProxies(process.env, issues);
  if (issues.length > 0) throw new SettingsInvalidError(issues.join('\n'));
  const started = start(config, proxies, createServiceLogger(process.env));
  stopOnSignal(() => started.then(() => running.disposeAsync()));
  await started;
}

async function start(
  config: CampaignConfig,
  proxies: OutgoingProxies,
  logger: Logger,
): Promise<void> {
  const { settings, schemaOf } = await startPlatform(config.platform, logger);
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
}

/** The Platform that was given, or a receiver in this process. */
async function startPlatform(
  access: PlatformAccess,
  logger: Logger,
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

main().catch((error: unknown) => {
  process.stderr.write(`${toPrintableError(error, PLAIN_ERRORS)}\n`);
  return endFailedStart(() => running.disposeAsync());
});
