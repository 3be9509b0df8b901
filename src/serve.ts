import { setTimeout } from 'node:timers/promises';
import { isatty } from 'node:tty';
import type { Logger } from 'pino';
import { type Config, ConfigError, parseConfig } from './config.js';
import type { Gateway } from './gateway.js';
import { endFailedStart } from './process/failed-start.js';
import { createLogger } from './process/logger.js';
import type { StopSignal, StopSignals } from './process/stop-signals.js';
import { stopWithin } from './process/stop-within.js';

/** For the explorer's tabs if no mapping is known. */
const PLACEHOLDER_MAPPING_ID = 'your-mapping-id';

const STDIN = 0;
const STDOUT = 1;

/**
 * By default, how long balancers have to take out a gateway that was told to stop: some check every few seconds, and
 * Kubernetes takes as long to tell all its nodes. In ms.
 */
const DRAIN_DELAY_MS = 5_000;

/**
 * The longest time that a stop takes, whatever clients and upstreams do. The delay for balancers comes before it.
 * Docker kills after 10 s. In ms.
 */
const STOP_LIMIT_MS = 9_000;

/** How long a start may continue after a signal to end it. One that hangs has no work yet that could be lost. In ms. */
const START_LIMIT_MS = 2_000;

/**
 * Run the gateway until a signal ends it: read the settings, start, wait for a signal, stop. The code that depends on
 * settings is imported after they are read, so that an invalid setting is reported at once.
 */
export async function serve(signals: StopSignals): Promise<void> {
  // A closed terminal, or a pipe without a reader, is no reason to end without a drain.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => {});
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
  const starting = start(config, logger, running);
  const signalled = signals.next();
  let gateway: Gateway | null;
  try {
    gateway = await Promise.race([starting, signalled.then(() => null)]);
  } catch (error) {
    const { toPrintableError } = await import('./printable-error.js');
    // Not to the log, because LOG_LEVEL=silent would hide why there is no gateway.
    console.error(toPrintableError(error));
    void signalled.then(() => process.exit(1));
    return endFailedStart(() => running.disposeAsync());
  }
  if (gateway === null) {
    logger.info(`${await signalled}: ending the start`);
    void signals.next().then(() => process.exit(1));
    const settled = starting.then(
      () => {},
      () => {},
    );
    await Promise.race([settled, setTimeout(START_LIMIT_MS)]);
    await endWith(running.disposeAsync(), logger);
    return;
  }
  logger.info(
    `Sluice is ready. ${config.exposure.hasConsole ? `Console: ${gateway.url}/  ` : ''}GraphQL, HTTP and WebSocket: ${gateway.url}/graphql`,
  );
  const signal = await signalled;
  await leaveBalancers(gateway, signal, toDrainDelayMs(config, signal), signals, logger);
  logger.info(`${signal}: finishing the work in progress`);
  void signals.next().then(() => process.exit(1));
  await endWith(running.disposeAsync(), logger);
}

/** Keep serving while `/readyz` says that this process is about to stop; another signal ends the wait. */
async function leaveBalancers(
  gateway: Gateway,
  signal: StopSignal,
  delayMs: number,
  signals: StopSignals,
  logger: Logger,
): Promise<void> {
  if (delayMs === 0) return;
  logger.info(
    `${signal}: still serving for ${delayMs} ms, while /readyz says that this process is stopping`,
  );
  gateway.announceStop();
  const waited = new AbortController();
  await Promise.race([setTimeout(delayMs), signals.next(waited.signal)]);
  waited.abort();
}

/**
 * Only SIGTERM comes from systems that may have balancers in front. Beside an embedded service there is no other
 * gateway.
 */
function toDrainDelayMs({ drainDelayMs, upstream }: Config, signal: StopSignal): number {
  if (signal !== 'SIGTERM') return 0;
  if (drainDelayMs !== null) return drainDelayMs;
  const isAttended = isatty(STDIN) || isatty(STDOUT);
  return isAttended || upstream.kind === 'embedded' ? 0 : DRAIN_DELAY_MS;
}

async function endWith(stopped: Promise<void>, logger: Logger): Promise<never> {
  try {
    await stopWithin(STOP_LIMIT_MS, stopped);
    logger.info('Sluice has stopped.');
    return process.exit(0);
  } catch (error) {
    logger.error({ err: error }, 'Sluice is ending without having stopped properly');
    return process.exit(1);
  }
}

async function start(
  config: Config,
  logger: Logger,
  running: AsyncDisposableStack,
): Promise<Gateway> {
  const { startGateway } = await import('./gateway.js');
  const { upstream } = config;
  // At once: further work could rely on what may not be stored.
  const onFatal = (error: Error) => {
    logger.fatal({ err: error }, 'The log of transitions is unreliable; the process is ending');
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
  const { startEmbeddedUpstream } = await import('./embedded-upstream.js');
  const embedded = await startEmbeddedUpstream(
    {
      ...upstream,
      dataDir: config.dataDir,
      retentionDays: config.retentionDays,
      platform: config.platform,
      proxies: config.proxies,
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
