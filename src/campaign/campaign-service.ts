import { join } from 'node:path';
import { systemClock } from '../adobe/clock.js';
import { openOwnDatabase } from '../adobe/data-folder.js';
import { addTokenRoutes, createTokenIssuer } from '../adobe/ims.js';
import { closeHttpServer, listen } from '../adobe/listen.js';
import type { Logger } from '../adobe/logger.js';
import { syncFolder } from '../adobe/sync-folder.js';
import type { CampaignServiceOptions } from './campaign-service.options.js';
import { addFaultHooks } from './faults/fault-hooks.js';
import { addAdministrationRoutes } from './http/administration-routes.js';
import { createCampaignServer } from './http/http-server.js';
import { addIngestionRoutes } from './http/ingestion-routes.js';
import { createUsageCounter, type UsageLimits } from './http/usage-limits.js';
import { startJobPruner } from './jobs/job-pruner.js';
import { createJobs } from './jobs/jobs.js';
import { createScheduler } from './jobs/scheduler.js';
import { loadMappings, type Mappings } from './mapping/mappings.js';
import { type SchemaOf, unknownPaths } from './mapping/schema-paths.js';
import { createBatchAborter } from './run/batch-aborter.js';
import { createIngestionRunner } from './run/ingestion-run.js';
import { skipUnchangedFiles } from './run/unchanged-files.js';
import { createState, type State } from './state/state.js';
import { createPlatformClient } from './upload/platform-client.js';

/** A day, as IMS issues them. In s. */
const TOKEN_LIFETIME_S = 86_399;

/** As documented. */
const RUN_INTERVAL_MS = 15 * 60_000;

const RETRY_INTERVAL_MS = 60_000;

const UNLIMITED: UsageLimits = { maxCallsPerSecond: null, maxCallsPerDay: null };

/** Record the first state of new mappings; others keep their known state. */
function introduceMappings(mappings: Mappings, state: State, now: number): void {
  for (const { id, publication, execution } of mappings.values()) {
    if (execution === 'stopped') state.mappings.introduce(id, { publication, execution });
    else
      state.mappings.introduce(id, {
        publication: 'published',
        execution,
        nextRunAt: Math.ceil(now),
      });
  }
}

/** A path that a schema neither defines nor forbids is sent anyway. */
function tellUnknownPaths(mappings: Mappings, schemaOf: SchemaOf, logger: Logger): void {
  for (const { id, dataset, fields } of mappings.values()) {
    const schema = schemaOf(dataset);
    if (schema === undefined) continue;
    const paths = unknownPaths(schema, [...new Set(fields.map(({ to }) => to))]);
    if (paths.length > 0) {
      logger.warn({ mapping: id, dataset, paths }, 'the schema of the dataset does not have paths');
    }
  }
}

/**
 * Start the service: an HTTP server that implements Campaign's data-ingestion protocol.
 *
 * @throws {MappingsInvalidError} with all issues of the mappings
 * @throws {DataFolderUnusableError} another service uses the data folder, or it can't be written
 * @throws {StateUnusableError} the data folder's database can't be used, or belongs to another Platform
 * @throws {CredentialsUnreadableError} the credentials can't be read
 * @throws {ListenError} listening on the address failed; nothing is left running
 */
export async function startCampaignService(options: CampaignServiceOptions) {
  const { schemaOf = () => undefined } = options;
  const { clock = systemClock, credentials, tokenLifetimeS = TOKEN_LIFETIME_S, logger } = options;
  const intervals = {
    runIntervalMs: options.runIntervalMs ?? RUN_INTERVAL_MS,
    retryIntervalMs: options.retryIntervalMs ?? RETRY_INTERVAL_MS,
  };
  await using starting = new AsyncDisposableStack();

  const mappings = await loadMappings(
    options.mappingsDir,
    options.sourceEnvironment ?? {},
    schemaOf,
  );
  tellUnknownPaths(mappings, schemaOf, logger);
  // Unreadable credentials must not be found out by the first caller.
  credentials.apiKeys();
  credentials.clients();

  const campaignDir = join(options.dataDir, 'campaign');
  const lock = openOwnDatabase(campaignDir, 'lock.db', 'Campaign service', 'BEGIN EXCLUSIVE');
  starting.defer(() => lock.close());
  const state = createState(join(campaignDir, 'campaign.db'));
  starting.defer(() => state.close());
  state.bindTo(options.platform);
  // A new database must survive a power cut, or ids would start over.
  await syncFolder(campaignDir);
  state.transaction(() => introduceMappings(mappings, state, clock.now()));

  const platform = createPlatformClient(options.platform, clock, options.proxyOf);
  starting.defer(() => platform.close());
  const rejectsDir = join(campaignDir, 'rejects');
  const { fileBytes } = options;
  const runner = skipUnchangedFiles(
    createIngestionRunner({ platform, rejectsDir, clock, ...(fileBytes && { fileBytes }) }),
    clock,
  );
  const batches = state.abandonedBatches;
  const aborter = createBatchAborter({ batches, abort: runner.abort, clock, logger });
  starting.defer(() => aborter.stop());
  const jobs = createJobs({ state, runner, mappings, onAbandoned: aborter.wake, clock, logger });
  starting.defer(() => jobs.stop());
  const scheduler = createScheduler({ mappings, state, jobs, clock, logger, ...intervals });
  starting.defer(() => scheduler.stop());

  const { retentionMs } = options;
  if (retentionMs !== undefined) {
    const { oldJobs } = state;
    starting.defer(startJobPruner({ oldJobs, rejectsDir, retentionMs, clock, logger }));
  }

  const tokens = createTokenIssuer(() => credentials.clients(), tokenLifetimeS, clock);
  const countCall = createUsageCounter(options.usageLimits ?? UNLIMITED, clock);
  const access = { credentials, organization: options.organization, tokens, countCall };
  const app = createCampaignServer(logger, access);
  if (options.faults) {
    logger.warn({ rules: options.faults.rules.length }, 'faults are on: calls go wrong on purpose');
    addFaultHooks(app, options.faults, { clock, crash });
  }
  addTokenRoutes(app, tokens);
  addIngestionRoutes(app, { access, mappings, state, jobs });
  addAdministrationRoutes(app, {
    mappings,
    state,
    jobs,
    rejectsDir,
    tokens,
    clock,
    logger,
    onChanged: scheduler.wake,
    ...intervals,
  });
  starting.defer(() => closeHttpServer(app));

  const url = await listen(app, 'Campaign service', options.host, options.port);
  const mappingIds = [...mappings.keys()];
  const about = { url, mappings: mappingIds, platform: options.platform.url };
  logger.info(about, 'Campaign service is listening');
  const running = starting.move();
  return {
    /** The base URL, without a trailing slash; IMS is at its `/ims/token/v3`. */
    url,
    /** The state that the request ids belong to; see {@link State}. */
    stateId: state.id,
    /** At least one, in the order of their files. */
    mappingIds,
    /** Stop listening, abort the runs and wait for their ends. Safe to repeat. */
    stop: () => running.disposeAsync(),
  };
}

/** Like a power cut: nothing is undone. */
function crash(): void {
  process.kill(process.pid, 'SIGKILL');
}
