import { join } from 'node:path';
import { type Clock, systemClock } from './clock.js';
import { lockDataFolder } from './data-lock.js';
import { syncFolder } from './durable-file.js';
import { closeHttpServer, createHttpServer } from './http-server.js';
import { createIngestionRequests } from './ingestion-requests.js';
import { addIngestionRoutes } from './ingestion-routes.js';
import { createIngestionRunner } from './ingestion-run.js';
import type { Logger } from './logger.js';
import type { SourceEnvironment } from './mapping-file.js';
import { loadMappings } from './mappings.js';
import { openRequestJournal } from './request-journal.js';
import { type Client, createTokenIssuer } from './token-issuer.js';
import { addTokenRoutes } from './token-routes.js';
import { createPlatformClient, type PlatformSettings } from './upload/platform-client.js';

/** A day, as IMS issues them. In s. */
const TOKEN_LIFETIME_S = 86_399;

export interface CampaignServiceOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Everything is kept in its folder `campaign`, which one service has at a time. */
  readonly dataDir: string;
  readonly mappingsDir: string;
  /** The variables that mappings name; none where it is not given. */
  readonly sourceEnvironment?: SourceEnvironment;
  /** Where batches go. */
  readonly platform: PlatformSettings;
  readonly organization: string;
  readonly apiKey: string;
  readonly clients: readonly Client[];
  /** In s; a day where it is not given. */
  readonly tokenLifetimeS?: number;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** An HTTP server that speaks Campaign's data-ingestion protocol and does what it says. */
export interface CampaignService {
  /**
   * Load the mappings and listen. Once: a stopped service is not started again.
   *
   * @returns the base URL, with no slash at its end; IMS is at its `/ims/token/v3`
   * @throws {MappingsInvalidError} with all that is wrong with the mappings
   * @throws {DataFolderInUseError} another service works in the data folder
   * @throws {JournalCorruptError} the data folder's journal cannot be read
   * @throws the system's error, EADDRINUSE where the port is taken; nothing is left running
   */
  start(): Promise<{ readonly url: string }>;
  /** Stop listening, abort the runs and wait for their ends. Safe to repeat. */
  stop(): Promise<void>;
}

/** What a start made, to be undone last one first. */
type Releaser = () => Promise<void> | void;

/** Build the embedded Campaign service; nothing is read, written or opened before its start. */
export function createCampaignService(options: CampaignServiceOptions): CampaignService {
  const { clock = systemClock, tokenLifetimeS = TOKEN_LIFETIME_S, logger } = options;
  const releasers: Releaser[] = [];
  let started: Promise<{ readonly url: string }> | null = null;
  let stopped: Promise<void> | null = null;

  async function begin(): Promise<{ readonly url: string }> {
    const mappings = await loadMappings(options.mappingsDir, options.sourceEnvironment ?? {});
    const campaignDir = join(options.dataDir, 'campaign');

    releasers.push(lockDataFolder(campaignDir));
    const { journal, requests: known } = openRequestJournal(join(campaignDir, 'requests.ndjson'));
    releasers.push(() => journal.close());
    // A journal that was just made must not be gone after a power cut: ids would start over.
    await syncFolder(campaignDir);

    const platform = createPlatformClient(options.platform, clock);
    releasers.push(() => platform.close());
    const rejectsDir = join(campaignDir, 'rejects');
    const runner = createIngestionRunner({ platform, rejectsDir, clock });
    const requests = createIngestionRequests({ journal, runner, logger }, known);
    releasers.push(() => requests.stop());

    const tokens = createTokenIssuer(options.clients, tokenLifetimeS, clock);
    const access = { apiKey: options.apiKey, organization: options.organization, tokens };
    const app = createHttpServer(logger);
    addTokenRoutes(app, tokens);
    addIngestionRoutes(app, { access, mappings, requests });
    releasers.push(() => closeHttpServer(app));

    const url = await app.listen({ host: options.host, port: options.port });
    logger.info({ url, mappings: [...mappings.keys()] }, 'Campaign service is listening');
    return { url };
  }

  async function release(): Promise<void> {
    const errors: unknown[] = [];
    for (const releaser of releasers.splice(0).reverse()) {
      try {
        await releaser();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  return {
    async start() {
      if (started !== null || stopped !== null) {
        throw new Error('a Campaign service is started once: build another one');
      }
      started = begin().catch(async (error: unknown) => {
        await release().catch(() => {});
        throw error;
      });
      return started;
    },

    stop() {
      stopped ??= Promise.resolve(started)
        .catch(() => {})
        .then(release);
      return stopped;
    },
  };
}
