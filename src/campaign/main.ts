import { existsSync } from 'node:fs';
import { loadEnvFile } from 'node:process';
import { pino } from 'pino';
import { CampaignConfigError, parseCampaignConfig } from './campaign-config.js';
import { createCampaignService } from './campaign-service.js';
import { CredentialsUnreadableError } from './credentials.js';
import { DataFolderInUseError } from './data-lock.js';
import { MappingsInvalidError } from './mapping-fault.js';
import { StateUnusableError } from './state-database.js';

async function main(): Promise<void> {
  // What the process was given goes before what the file says.
  if (existsSync('.env')) loadEnvFile('.env');
  const config = parseCampaignConfig(process.env);
  const service = createCampaignService({ ...config, logger: pino() });

  const stop = () => {
    service.stop().catch(fail);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);

  const { url } = await service.start();
  process.stdout.write(`\nPoint a gateway here:\n\n${config.gatewayEnvironment(url)}\n\n`);
}

function fail(error: unknown): void {
  process.stderr.write(`${toMessage(error)}\n`);
  process.exitCode = 1;
}

/** What the operator can mend needs no stack. */
function toMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') {
    return `Port ${port} is in use: set CAMPAIGN_SERVICE_PORT to another one, or to 0 for a free one.`;
  }
  const isPlain =
    code !== undefined ||
    error instanceof CampaignConfigError ||
    error instanceof DataFolderInUseError ||
    error instanceof MappingsInvalidError ||
    error instanceof StateUnusableError ||
    error instanceof CredentialsUnreadableError;
  return isPlain ? error.message : (error.stack ?? error.message);
}

main().catch(fail);
