import { join } from 'node:path';
import { type Clock, systemClock } from '../adobe/clock.js';
import { named } from '../adobe/http-server.js';
import { addTokenRoutes, type Client, createTokenIssuer } from '../adobe/ims.js';
import { closeHttpServer, listen } from '../adobe/listen.js';
import type { Logger } from '../adobe/logger.js';
import { denialOf } from './access.js';
import { toSandboxId } from './batch-answer.js';
import { openBatchStore } from './batch-store.js';
import { createBatches } from './batches.js';
import { addCatalogRoutes } from './catalog-routes.js';
import { createChecker } from './checker.js';
import { loadDatasets } from './datasets.js';
import { addExportRoutes } from './export-routes.js';
import { createPlatformServer } from './http-server.js';
import { addImportRoutes } from './import-routes.js';
import type { PlatformConfig } from './platform-config.js';
import { addRateLimit } from './rate-limit.js';
import { addUploadRoutes } from './upload-routes.js';

/** A day, as with IMS. In s. */
const TOKEN_LIFETIME_S = 86_399;

/** Long enough for a polling client to see it, short enough to wait for. In ms. */
const STEP_MS = 50;

/** In ms. */
const RETENTION_MS = 90 * 86_400_000;

/** What a receiver requires. */
export interface PlatformReceiverOptions extends Omit<PlatformConfig, 'clientId' | 'clientSecret'> {
  readonly clients: readonly Client[];
  /** In s; a day by default. */
  readonly tokenLifetimeS?: number;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/**
 * Start the receiver: an HTTP server that implements the Batch Ingestion API of Adobe Experience Platform. It
 * continues with existing batches.
 *
 * @throws {DatasetsInvalidError} with all issues of the datasets
 * @throws {DataFolderUnusableError} another receiver uses the data folder, or it can't be written
 * @throws {ListenError} listening on the address failed; nothing is left running
 */
export async function startPlatformReceiver(options: PlatformReceiverOptions) {
  const { clock = systemClock, tokenLifetimeS = TOKEN_LIFETIME_S, stepMs = STEP_MS } = options;
  const { logger, apiKey, imsOrg, sandbox } = options;
  await using starting = new AsyncDisposableStack();
  const datasets = await loadDatasets(options.datasetsDir);
  const dir = join(options.dataDir, 'platform');

  const store = openBatchStore(dir);
  starting.defer(() => store.close());
  const batchesDir = join(dir, 'batches');
  const checker = createChecker({ datasets, dir: batchesDir }, clock);
  starting.defer(() => checker.stop());
  const batches = createBatches({
    store,
    checker,
    dir: batchesDir,
    stepMs,
    retentionMs: options.retentionMs ?? RETENTION_MS,
    clock,
    logger,
  });
  starting.defer(() => batches.stop());

  const tokens = createTokenIssuer(() => options.clients, tokenLifetimeS, clock);
  const rules = { apiKey, imsOrg, sandbox, tokens, clients: options.clients };
  const app = createPlatformServer(logger, rules);
  starting.defer(() => closeHttpServer(app));
  addTokenRoutes(app, tokens);
  await app.register(
    named('platform', async (api) => {
      api.addHook('onRequest', async ({ headers }, reply) => {
        const denied = denialOf(rules, headers);
        if (denied !== null) return reply.code(denied.httpStatus).send(denied.body);
      });
      if (options.maxCallsPerMinute !== undefined) {
        addRateLimit(api, options.maxCallsPerMinute, clock);
      }
      const tenant = { imsOrg, apiKey, sandboxId: toSandboxId(imsOrg, sandbox) };
      addImportRoutes(api, { batches, datasets, tenant, clock });
      addUploadRoutes(api, batches);
      addCatalogRoutes(api, { batches, datasets, tenant });
      addExportRoutes(api, batches);
    }),
  );

  const url = await listen(app, 'Platform receiver', options.host, options.port);
  batches.resume();
  logger.info({ url, datasets: [...datasets.keys()] }, 'Platform receiver is listening');
  const running = starting.move();
  return {
    /** The base URL, without a trailing slash; IMS is at its `/ims/token/v3`. */
    url,
    datasets,
    /** Stop listening, and leave work in progress to the next start. Safe to repeat. */
    stop: () => running.disposeAsync(),
  };
}
