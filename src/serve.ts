import type { Logger } from 'pino';
import { type Config, ConfigError, parseConfig } from './config.js';
import { LogUnusableError } from './datasources/log-database.js';
import { EMBEDDED_START_ERRORS, startEmbeddedUpstream } from './embedded-upstream.js';
import { type Gateway, startGateway } from './gateway.js';
import { toListenFault } from './listen-fault.js';
import { createLogger } from './logger.js';
import { ListenError } from './server/listen.js';
import { ManifestInvalidError } from './server/persisted-operations.js';

/** In the explorer’s tabs where nobody knows what mappings there are. */
const PLACEHOLDER_MAPPING_ID = 'your-mapping-id';

/** Run the gateway until a signal ends it: read the settings, start, wait for SIGTERM or SIGINT, stop. */
export async function serve(): Promise<void> {
  const warnings: string[] = [];
  let config: Config;
  try {
    config = parseConfig(
      process.env,
      '.env',
      (warning) => warnings.push(warning),
      process.stdout.isTTY === true,
    );
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error([...warnings, error.message].join('\n'));
    process.exitCode = 1;
    return;
  }
  const logger = createLogger(config.logLevel, config.logForm);
  for (const warning of warnings) logger.warn(warning);

  const running = new AsyncDisposableStack();
  try {
    const gateway = await start(config, logger, running);
    // Before anybody is told that it runs: until then a signal ends the process on the spot.
    stopOnSignal(running, logger);
    logger.info(
      `Sluice is ready. ${config.exposure.hasExplorer ? `Explorer: ${gateway.url}/  ` : ''}GraphQL, HTTP and WebSocket: ${gateway.url}/graphql`,
    );
  } catch (error) {
    // Not to the log, where LOG_LEVEL=silent would hide why there is no gateway.
    console.error(toStartFault(error));
    await running.disposeAsync();
    process.exitCode = 1;
  }
}

async function start(
  config: Config,
  logger: Logger,
  running: AsyncDisposableStack,
): Promise<Gateway> {
  const { upstream } = config;
  // At once: whatever else this process did would rest on what may not be stored.
  const onFatal = (error: Error) => {
    logger.fatal({ err: error }, 'The log of transitions cannot be relied on; the process ends');
    process.exit(1);
  };
  if (upstream.kind === 'remote') {
    const gateway = await startGateway(
      { ...config, upstream, explorerMappingId: PLACEHOLDER_MAPPING_ID },
      logger,
      onFatal,
    );
    running.defer(() => gateway.stop());
    return gateway;
  }
  const embedded = await startEmbeddedUpstream(
    {
      ...upstream,
      dataDir: config.dataDir,
      retentionDays: config.retentionDays,
      platform: config.platform,
    },
    logger,
  );
  running.defer(() => embedded.stop());
  const gateway = await startGateway(
    {
      ...config,
      upstream: embedded.upstream,
      platform: embedded.platform,
      explorerMappingId: embedded.firstMappingId,
    },
    logger,
    onFatal,
  );
  running.defer(() => gateway.stop());
  return gateway;
}

/** A second signal does not wait for the first one’s drain. */
function stopOnSignal(running: AsyncDisposableStack, logger: Logger): void {
  let isStopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (isStopping) process.exit(1);
    isStopping = true;
    logger.info(`${signal}: finishing what is under way`);
    running.disposeAsync().then(
      () => {
        logger.info('Sluice has stopped.');
        process.exit(0);
      },
      (error: unknown) => {
        logger.error({ err: error }, 'Stopping failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

/** What an operator can mend, in a line; anything else with its stack. */
function toStartFault(error: unknown): Error | string {
  if (error instanceof ListenError) return toListenFault(error, { host: 'HOST', port: 'PORT' });
  const isPlain = [LogUnusableError, ManifestInvalidError, ...EMBEDDED_START_ERRORS].some(
    (Plain) => error instanceof Plain,
  );
  return isPlain ? (error as Error).message : (error as Error);
}
