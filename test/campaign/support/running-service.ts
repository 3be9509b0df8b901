import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import {
  type CampaignServiceOptions,
  createCampaignService,
} from '../../../src/campaign/campaign-service.js';
import { createFixedCredentials } from '../../../src/campaign/credentials.js';
import type { Logger } from '../../../src/campaign/logger.js';

export const API_KEY = 'key-1';
export const ADMIN = { clientId: 'admin-1', clientSecret: 'admin-secret-1' };
export const CLIENT = { clientId: 'client-1', clientSecret: 'secret-1' };

export interface Answer {
  readonly httpStatus: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly json: unknown;
}

export interface Call {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** A folder of its own for mappings and data. */
export async function createWorkspace(files: Record<string, string> = {}) {
  const root = await mkdtemp(join(tmpdir(), 'campaign-'));
  const mappingsDir = join(root, 'mappings');
  const dataDir = join(root, 'data');
  await mkdir(mappingsDir);
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(mappingsDir, name), content);
  }
  return {
    mappingsDir,
    dataDir,
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

/** A mapping's YAML. Its defaults make one that runs fast. */
export function mappingYaml(id: string, changes: Record<string, unknown> = {}): string {
  return JSON.stringify({
    id,
    label: `The mapping ${id}`,
    source: 'people.csv',
    publication: 'published',
    execution: 'stopped',
    recordsPerSecond: 1_000_000,
    target: { dataset: 'profiles', recordsPerFile: 2 },
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

/** A service on a free port, with what tests ask of it. */
export async function startService(
  options: Pick<CampaignServiceOptions, 'dataDir' | 'mappingsDir'> &
    Partial<CampaignServiceOptions>,
) {
  const ends = createEnds();
  const service = createCampaignService({
    host: '127.0.0.1',
    port: 0,
    organization: 'acme',
    credentials: createFixedCredentials(API_KEY, [
      { ...CLIENT, roles: ['sqlFunctionExecution'] },
      { ...ADMIN, roles: ['administration'] },
    ]),
    logger: ends.logger,
    ...options,
  });
  const { url } = await service.start();

  async function call(path: string, { method = 'GET', headers = {}, body }: Call = {}) {
    const response = await request(`${url}${path}`, { method, headers, body: body ?? null });
    const text = await response.body.text();
    const isJson = String(response.headers['content-type']).startsWith('application/json');
    const answer: Answer = {
      httpStatus: response.statusCode,
      headers: response.headers,
      text,
      json: isJson ? JSON.parse(text) : undefined,
    };
    return answer;
  }

  async function signIn(): Promise<string> {
    const { json } = await call('/ims/token/v3', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: CLIENT.clientId,
        client_secret: CLIENT.clientSecret,
        scope: 'openid,campaign_sdk',
      }).toString(),
    });
    return (json as { access_token: string }).access_token;
  }

  const token = await signIn();
  const headers = {
    authorization: `Bearer ${token}`,
    'x-api-key': API_KEY,
    'cache-control': 'no-cache',
    'content-type': 'application/json',
  };

  return {
    url,
    call,
    signIn,
    headers,
    stop: () => service.stop(),
    [Symbol.asyncDispose]: () => service.stop(),
    /** Start an ingestion of the mapping. */
    post: (mappingId: string) => call(ingestPath(mappingId), { method: 'POST', headers }),
    /** Ask for a request's status in the query. */
    get: (mappingId: string, requestId: number | string) =>
      call(`${ingestPath(mappingId)}?requestId=${requestId}`, { headers }),
    /** Resolves when the run of the request is over. */
    ended: ends.ended,
  };
}

export type RunningService = Awaited<ReturnType<typeof startService>>;

export function ingestPath(mappingId: string, organization = 'acme'): string {
  return `/${organization}/campaign/dataIngestion/xdmIngestion/${encodeURIComponent(mappingId)}/ingest`;
}

/** The files of every batch, by their paths under the folder of batches. */
export async function readBatches(dataDir: string): Promise<Record<string, string>> {
  const batchesDir = join(dataDir, 'campaign', 'batches');
  const entries = await readdir(batchesDir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const read = files.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name);
    return [path.slice(batchesDir.length + 1), await readFile(path, 'utf8')] as const;
  });
  return Object.fromEntries((await Promise.all(read)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The service's log tells when a run ends: a test waits for that instead of asking again and again. */
function createEnds() {
  const over = new Set<number>();
  const waiting = new Map<number, () => void>();
  const note = (details: object, message: string) => {
    if (!/^ingestion (succeeded|failed|aborted|crashed)$/.test(message)) return;
    const { requestId } = details as { requestId: number };
    over.add(requestId);
    waiting.get(requestId)?.();
  };
  const logger: Logger = { info: note, warn: note, error: note };
  return {
    logger,
    ended: (requestId: number) =>
      new Promise<void>((resolve) => {
        if (over.has(requestId)) resolve();
        else waiting.set(requestId, resolve);
      }),
  };
}
