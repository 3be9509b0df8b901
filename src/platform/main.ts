import { pino } from 'pino';
import { stopOnSignal } from '../stop-signals.js';
import { DataFolderInUseError } from './batch-store.js';
import { DatasetsInvalidError } from './datasets.js';
import { readEnvFile } from './env-file.js';
import {
  PlatformConfigError,
  parsePlatformConfig,
  toClientEnvironment,
} from './platform-config.js';
import { createPlatformReceiver } from './platform-receiver.js';

async function main(): Promise<void> {
  // What the process was given goes before what the file says.
  Object.assign(process.env, { ...readEnv(), ...process.env });
  const config = parsePlatformConfig(process.env);
  const { clientId, clientSecret, ...rest } = config;
  const clients = [{ clientId, clientSecret }];
  const receiver = createPlatformReceiver({ ...rest, clients, logger: pino() });
  stopOnSignal(() => receiver.stop());

  const { url } = await receiver.start();
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
  process.exitCode = 1;
}

/** What the operator can mend needs no stack. */
function toMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') {
    return `Port ${port} is in use: set PLATFORM_RECEIVER_PORT to another one, or to 0 for a free one.`;
  }
  const isPlain =
    code !== undefined ||
    error instanceof PlatformConfigError ||
    error instanceof DataFolderInUseError ||
    error instanceof DatasetsInvalidError;
  return isPlain ? error.message : (error.stack ?? error.message);
}

main().catch(fail);
