import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import type { Logger } from '../../../src/adobe/logger.js';
import { startCampaignService } from '../../../src/campaign/campaign-service.js';
import type { CampaignServiceOptions } from '../../../src/campaign/campaign-service.options.js';
import { createFixedCredentials } from '../../../src/campaign/http/credentials.js';
import { startLocalPlatform } from '../../../src/local-platform.js';
import { silentLogger } from '../../support/silent-logger.js';
import { standInFor } from '../../support/stand-in.js';
import { ADMIN, API_KEY, CLIENT, createServiceClient } from './service-client.js';

const DATASET_ID = '6563a1f0c4d2e8b79a015eff';

/** Takes any record that has an id, and of the names none that is `Mallory`. */
const DATASET = {
  id: DATASET_ID,
  name: 'People',
  class: 'https://ns.adobe.com/xdm/context/profile',
  schema: {
    type: 'object',
    required: ['_id'],
    properties: {
      _id: { type: 'string' },
      person: {
        type: 'object',
        properties: {
          name: {
            type: 'object',
            properties: { firstName: { type: 'string', not: { const: 'Mallory' } } },
          },
        },
      },
    },
  },
};

/** A folder of its own for mappings and data. */
export async function createWorkspace(files: Record<string, string> = {}) {
  const root = await mkdtemp(join(tmpdir(), 'campaign-'));
  const mappingsDir = join(root, 'mappings');
  const dataDir = join(root, 'data');
  const datasetsDir = join(root, 'datasets');
  await mkdir(mappingsDir);
  await mkdir(datasetsDir);
  await writeFile(join(datasetsDir, `${DATASET_ID}.json`), JSON.stringify(DATASET));
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(mappingsDir, name), content);
  }
  return {
    mappingsDir,
    dataDir,
    datasetsDir,
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

/** A mapping's YAML. Its defaults make one that runs fast. */
export function mappingYaml(id: string, changes: Record<string, unknown> = {}): string {
  return JSON.stringify({
    id,
    label: `The mapping ${id}`,
    source: { kind: 'csv', path: 'people.csv' },
    key: 'id',
    publication: 'published',
    execution: 'stopped',
    dataset: DATASET_ID,
    fields: [
      { column: 'id', to: '_id' },
      { column: 'name', to: 'person.name.firstName' },
    ],
    ...changes,
  });
}

/** A CSV of so many people. */
export function peopleCsv(count: number): string {
  const rows = Array.from({ length: count }, (_, index) => `p-${index + 1},Zoë ${index + 1}`);
  return `${['id,name', ...rows].join('\n')}\n`;
}

type Space = Pick<CampaignServiceOptions, 'dataDir' | 'mappingsDir'> & {
  readonly datasetsDir: string;
};

/** For services that upload nothing: nobody is there. */
export const NO_PLATFORM = {
  url: 'http://127.0.0.1:1',
  apiKey: 'k',
  imsOrg: 'o@AdobeOrg',
  sandbox: 'prod',
  token: { kind: 'fixed', accessToken: 't' },
} as const;

/** A receiver on a free port, which hurries. */
export async function startReceiver({ dataDir, datasetsDir }: Omit<Space, 'mappingsDir'>) {
  return startLocalPlatform(
    {
      host: '127.0.0.1',
      port: 0,
      dataDir,
      datasetsDir,
      apiKey: 'platform-key',
      imsOrg: 'sluice@AdobeOrg',
      sandbox: 'prod',
      clientId: 'platform-client',
      clientSecret: 'platform-secret',
      stepMs: 0,
    },
    silentLogger,
  );
}

/** A service on a free port, with what tests ask of it; and a receiver, where no Platform is given. */
export async function startService({
  datasetsDir,
  ...options
}: Space & Partial<CampaignServiceOptions>) {
  const ends = createEnds();
  await using starting = new AsyncDisposableStack();
  let { platform, schemaOf } = options;
  if (platform === undefined) {
    const receiver = await startReceiver({ dataDir: options.dataDir, datasetsDir });
    starting.defer(() => receiver.stop());
    platform = receiver.settings;
    schemaOf = receiver.schemaOf;
  }
  const { url, stop } = await startCampaignService({
    host: '127.0.0.1',
    port: 0,
    organization: 'acme',
    credentials: createFixedCredentials(API_KEY, [
      { ...CLIENT, roles: ['sqlFunctionExecution'] },
      { ...ADMIN, roles: ['administration'] },
    ]),
    logger: ends.logger,
    ...options,
    platform,
    schemaOf,
  });
  starting.defer(stop);

  const client = await createServiceClient(url);
  const running = starting.move();
  return {
    url,
    ...client,
    stop: () => running.disposeAsync(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
    /** Resolves when the run of the request is over. */
    ended: ends.ended,
    jobEnded: ends.jobEnded,
  };
}

export type RunningService = Awaited<ReturnType<typeof startService>>;

/**
 * One service for all tests of the file that calls this.
 *
 * @param files - of its mappings and their sources
 */
export function useService(
  files: Record<string, string>,
  options: Partial<CampaignServiceOptions> = {},
): { readonly space: Space; readonly service: RunningService } {
  let space: Awaited<ReturnType<typeof createWorkspace>>;
  let service: RunningService;

  beforeAll(async () => {
    space = await createWorkspace(files);
    service = await startService({ ...space, ...options });
  });

  afterAll(async () => {
    await service.stop();
    await space[Symbol.asyncDispose]();
  });

  return { space: standInFor(() => space), service: standInFor(() => service) };
}

/** The records of every batch that the receiver has, by the ids of the batches, in the order of their files. */
export async function readBatches(dataDir: string): Promise<Record<string, unknown[]>> {
  const batchesDir = join(dataDir, 'platform', 'batches');
  const batches: Record<string, unknown[]> = {};
  for (const batchId of (await readdir(batchesDir).catch(() => [])).sort()) {
    const filesDir = join(batchesDir, batchId, 'files');
    // A batch that was aborted has no files any more.
    const names = (await readdir(filesDir).catch(() => [])).sort();
    const texts = await Promise.all(names.map((name) => readFile(join(filesDir, name), 'utf8')));
    const lines = texts.flatMap((text) => text.trimEnd().split('\n'));
    batches[batchId] = lines.map((line) => JSON.parse(line));
  }
  return batches;
}

/** The service's log tells when a job ends: a test waits for that instead of asking again and again. */
function createEnds() {
  const requests = createEvents();
  const jobs = createEvents();
  const note = (details: object, message: string) => {
    if (!/^ingestion (succeeded|failed|aborted)$/.test(message)) return;
    const { jobId, requestId } = details as { jobId: number; requestId: number | null };
    jobs.note(jobId);
    if (requestId !== null) requests.note(requestId);
  };
  const logger: Logger = { info: note, warn: note, error: note };
  return { logger, ended: requests.noted, jobEnded: jobs.noted };
}

function createEvents() {
  const over = new Set<number>();
  const waiting = new Map<number, () => void>();
  return {
    note(id: number) {
      over.add(id);
      waiting.get(id)?.();
    },
    noted: (id: number) =>
      new Promise<void>((resolve) => {
        if (over.has(id)) resolve();
        else waiting.set(id, resolve);
      }),
  };
}
