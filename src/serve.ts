import { setTimeout } from 'node:timers/promises';
import { isatty } from 'node:tty';
import type { Logger } from 'pino';
import { type Config, ConfigError, parseConfig } from './config.js';
import type { Gateway } from './gateway.js';
import { endFailedStart } from './process/failed-start.js';
import { createLogger } from './process/logger.js';
import type { StopSignal, StopSignals } from './process/stop-signals.js';
import { stopWithin } from './process/stop-within.js';

/** In the explorer’s tabs where nobody knows what mappings there are. */
const PLACEHOLDER_MAPPING_ID = 'your-mapping-id';

const STDIN = 0;
const STDOUT = 1;

/**
 * Where nothing else is set, balancers have so long to take a gateway out that was told to stop: some look every
 * few seconds, and Kubernetes takes as long to tell all its nodes. In ms.
 */
const DRAIN_DELAY_MS = 5_000;

/**
 * A stop takes no longer than this, whatever clients and upstreams do; what the settings let balancers have comes
 * before it. Docker kills after 10 s. In ms.
 */
const STOP_LIMIT_MS = 9_000;

/** A start that is to be ended may go on for so long. One that hangs has taken no work yet that a stop could lose. In ms. */
const START_LIMIT_MS = 2_000;

/**
 * Run the gateway until a signal ends it: read the settings, start, wait for a signal, stop. What a setting decides is
 * imported only then: a wrong one is told of at once.
 */
export async function serve(signals: StopSignals): Promise<void> {
  // A terminal that is closed, or a pipe that nobody reads any more, is no reason to end without a drain.
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
    const { toStartFault } = await import('./start-fault.js');
    // Not to the log, where LOG_LEVEL=silent would hide why there is no gateway.
    console.error(toStartFault(error));
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
  logger.info(`${signal}: finishing what is under way`);
  void signals.next().then(() => process.exit(1));
  await endWith(running.disposeAsync(), logger);
}

/** Serve on while `/readyz` says that this process is about to stop; a further signal ends the wait. */
async function leaveBalancers(
  gateway: Gateway,
  signal: StopSignal,
  delayMs: number,
  signals: StopSignals,
  logger: Logger,
): Promise<void> {
  if (delayMs === 0) return;
  logger.info(`${signal}: serving on for ${delayMs} ms, while /readyz says that this one stops`);
  gateway.announceStop();
  const waited = new AbortController();
  await Promise.race([setTimeout(delayMs), signals.next(waited.signal)]);
  waited.abort();
}

/** Only SIGTERM comes from what may have balancers in front of it; beside an embedded service there is no other gateway. */
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
    logger.error({ err: error }, 'Sluice ends, and has not stopped as it should');
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
