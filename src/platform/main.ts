import { toPrintableError } from '../adobe/printable-error.js';
import { readEnvFile } from '../adobe/settings.js';
import { createServiceLogger } from '../process/logger.js';
import { stopOnSignal } from '../process/stop-signals.js';
import { DatasetsInvalidError } from './datasets.js';
import { parsePlatformConfig, toClientEnvironment } from './platform-config.js';
import { startPlatformReceiver } from './platform-receiver.js';

async function main(): Promise<void> {
  // The process's variables override the file.
  Object.assign(process.env, { ...readEnvFile('.env'), ...process.env });
  const config = parsePlatformConfig(process.env);
  const { clientId, clientSecret, ...rest } = config;
  const clients = [{ clientId, clientSecret }];
  const starting = startPlatformReceiver({
    ...rest,
    clients,
    logger: createServiceLogger(process.env),
  });
  stopOnSignal(async () => (await starting).stop());

  const { url } = await starting;
  process.stdout.write(`\nPoint a client here:\n\n${toClientEnvironment(config, url)}\n\n`);
}

function fail(error: unknown): void {
  process.stderr.write(`${toPrintableError(error, [DatasetsInvalidError])}\n`);
  process.exit(1);
}

main().catch(fail);
