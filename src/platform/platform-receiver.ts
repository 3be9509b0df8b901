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
import { type Datasets, loadDatasets } from './datasets.js';
import { addExportRoutes } from './export-routes.js';
import { createPlatformServer } from './http-server.js';
import { addImportRoutes } from './import-routes.js';
import { addRateLimit } from './rate-limit.js';
import { addUploadRoutes } from './upload-routes.js';

/** A day, as IMS issues them. In s. */
const TOKEN_LIFETIME_S = 86_399;

/** Long enough to be seen by a client that polls, short enough to be waited for. In ms. */
const STEP_MS = 50;

/** In ms. */
const RETENTION_MS = 90 * 86_400_000;

/** What a receiver needs. */
export interface PlatformReceiverOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Everything is kept in its folder `platform`, which one receiver has at a time. */
  readonly dataDir: string;
  readonly datasetsDir: string;
  readonly apiKey: string;
  /** Such as `sluice@AdobeOrg`. */
  readonly imsOrg: string;
  readonly sandbox: string;
  readonly clients: readonly Client[];
  /** In s; a day where it is not given. */
  readonly tokenLifetimeS?: number;
  /** How long a complete batch rests in each status before its processing, in ms; 100 where it is not given. */
  readonly stepMs?: number;
  /** How long a batch that rests is kept, in ms; 90 days where it is not given. */
  readonly retentionMs?: number;
  /** Above it calls are answered with 429; there is no limit where it is not given. */
  readonly maxCallsPerMinute?: number;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** What there is once the receiver has started. */
export interface StartedReceiver {
  readonly url: string;
  readonly datasets: Datasets;
}

/** An HTTP server that speaks the Batch Ingestion API of Adobe Experience Platform and does what it says. */
export interface PlatformReceiver {
  /**
   * Load the datasets, go on with the batches that are there, and listen. Once: a stopped receiver is not
   * started again.
   *
   * @returns the base URL, with no slash at its end; IMS is at its `/ims/token/v3`; and the datasets that were loaded
   * @throws {DatasetsInvalidError} with all that is wrong with the datasets
   * @throws {DataFolderUnusableError} another receiver works in the data folder, or it cannot be written
   * @throws {ListenError} the address cannot be listened on; nothing is left running
   */
  start(): Promise<StartedReceiver>;
  /** Stop listening, and leave what is under way to the next start. Safe to repeat. */
  stop(): Promise<void>;
}

/** Build the receiver; nothing is read, written or opened before its start. */
export function createPlatformReceiver(options: PlatformReceiverOptions): PlatformReceiver {
  const { clock = systemClock, tokenLifetimeS = TOKEN_LIFETIME_S, stepMs = STEP_MS } = options;
  const { logger, apiKey, imsOrg, sandbox } = options;
  const running = new AsyncDisposableStack();
  let started: Promise<StartedReceiver> | null = null;
  let stopped: Promise<void> | null = null;

  async function begin(): Promise<StartedReceiver> {
    const datasets = await loadDatasets(options.datasetsDir);
    const dir = join(options.dataDir, 'platform');

    const store = openBatchStore(dir);
    running.defer(() => store.close());
    const batchesDir = join(dir, 'batches');
    const checker = createChecker({ datasets, dir: batchesDir }, clock);
    running.defer(() => checker.stop());
    const batches = createBatches({
      store,
      checker,
      dir: batchesDir,
      stepMs,
      retentionMs: options.retentionMs ?? RETENTION_MS,
      clock,
      logger,
    });
    running.defer(() => batches.stop());

    const tokens = createTokenIssuer(() => options.clients, tokenLifetimeS, clock);
    const rules = { apiKey, imsOrg, sandbox, tokens, clients: options.clients };
    const app = createPlatformServer(logger, rules);
    running.defer(() => closeHttpServer(app));
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
    return { url, datasets };
  }

  return {
    async start() {
      if (started !== null || stopped !== null) {
        throw new Error('a Platform receiver is started once: build another one');
      }
      started = begin().catch(async (error: unknown) => {
        await running.disposeAsync();
        throw error;
      });
      return started;
    },

    stop() {
      stopped ??= Promise.resolve(started)
        .catch(() => {})
        .then(() => running.disposeAsync());
      return stopped;
    },
  };
}
