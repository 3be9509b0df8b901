import { DataFolderUnusableError } from '../adobe/data-folder.js';
import { readEnvFile } from '../adobe/env-file.js';
import { addressSettings, ListenError } from '../adobe/listen.js';
import { toListenErrorText } from '../process/listen-error-text.js';
import { createServiceLogger } from '../process/logger.js';
import { stopOnSignal } from '../process/stop-signals.js';
import { DatasetsInvalidError } from './datasets.js';
import {
  PlatformConfigError,
  parsePlatformConfig,
  toClientEnvironment,
} from './platform-config.js';
import { startPlatformReceiver } from './platform-receiver.js';

async function main(): Promise<void> {
  // The process's variables override the file.
  Object.assign(process.env, { ...readEnv(), ...process.env });
  const config = parsePlatformConfig(process.env);
  const { clientId, clientSecret, ...rest } = config;
  const clients = [{ clientId, clientSecret }];
  const starting = startPlatformReceiver({ ...rest, clients, logger: createServiceLogger() });
  stopOnSignal(async () => (await starting).stop());

  const { url } = await starting;
  process.stdout.write(`\nPoint a client here:\n\n${toClientEnvironment(config, url)}\n\n`);
}

function readEnv(): NodeJS.ProcessEnv {
  try {
    return readEnvFile('.env');
  } catch (error) {
    throw new PlatformConfigError((error as Error).message, { cause: error });
  }
}

function fail(error: unknown): void {
  process.stderr.write(`${toMessage(error)}\n`);
  process.exit(1);
}

/** An error that the operator can fix needs no stack. */
function toMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof ListenError) return toListenErrorText(error, addressSettings[error.service]);
  const isPlain =
    'code' in error ||
    error instanceof PlatformConfigError ||
    error instanceof DataFolderUnusableError ||
    error instanceof DatasetsInvalidError;
  return isPlain ? error.message : (error.stack ?? error.message);
}

main().catch(fail);
