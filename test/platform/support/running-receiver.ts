import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { request } from 'undici';
import type { Clock } from '../../../src/adobe/clock.js';
import type { Logger } from '../../../src/adobe/logger.js';
import {
  type PlatformReceiverOptions,
  startPlatformReceiver,
} from '../../../src/platform/platform-receiver.js';
import { standInFor } from '../../support/stand-in.js';

export const DATA_SET_ID = 'aaaaaaaaaaaaaaaaaaaaaaaa';

/** A dataset of people: an id, a name and some points. */
export const PEOPLE = {
  id: DATA_SET_ID,
  name: 'People',
  class: 'https://ns.adobe.com/xdm/context/profile',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['_id'],
    properties: {
      _id: { type: 'string' },
      name: { type: 'string' },
      points: { type: 'number', minimum: 0 },
    },
  },
};

export const SETTINGS = {
  host: '127.0.0.1',
  port: 0,
  apiKey: 'key-1',
  imsOrg: 'org-1@AdobeOrg',
  sandbox: 'test',
  clients: [{ clientId: 'client-1', clientSecret: 'secret-1' }],
  stepMs: 0,
};

export interface Answer {
  readonly httpStatus: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many forms
  readonly json: any;
}

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'HEAD';
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer | NodeJS.ReadableStream;
}

/** Folders of one's own, with datasets in one of them. */
export async function createWorkspace(datasets: readonly object[] = [PEOPLE]) {
  const root = await mkdtemp(join(tmpdir(), 'platform-'));
  const datasetsDir = join(root, 'datasets');
  await mkdir(datasetsDir);
  for (const dataset of datasets) {
    const { id } = dataset as { id: string };
    await writeFile(join(datasetsDir, `${id}.json`), JSON.stringify(dataset));
  }
  return {
    datasetsDir,
    dataDir: join(root, 'data'),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

/** Call a receiver with all headers that it wants, and with what is given. */
export async function signIn(url: string) {
  async function call(path: string, { method = 'GET', headers = {}, body }: Call = {}) {
    const response = await request(new URL(path, url), {
      method,
      headers: { ...shown, ...headers },
      body: (body as string | undefined) ?? null,
    });
    const text = await response.body.text();
    const isJson = text.startsWith('{') && !text.trimEnd().includes('\n');
    const answer: Answer = {
      httpStatus: response.statusCode,
      headers: response.headers,
      text,
      json: isJson ? JSON.parse(text) : undefined,
    };
    return answer;
  }
  let shown: Record<string, string> = {};
  const { json } = await call('/ims/token/v3', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=client_credentials&client_id=client-1&client_secret=secret-1',
  });
  shown = {
    authorization: `Bearer ${json.access_token}`,
    'x-api-key': SETTINGS.apiKey,
    'x-gw-ims-org-id': SETTINGS.imsOrg,
    'x-sandbox-name': SETTINGS.sandbox,
  };
  const batches = '/data/foundation/import/batches';

  return {
    call,
    headers: shown,

    create: (more: object = {}) =>
      call(batches, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          datasetId: DATA_SET_ID,
          inputFormat: { format: 'json' },
          ...more,
        }),
      }),

    put: (batchId: string, path: string, body: Call['body'], more: Call = {}) =>
      call(filePath(batchId, path), {
        method: 'PUT',
        ...more,
        headers: { 'content-type': 'application/octet-stream', ...more.headers },
        ...(body === undefined ? {} : { body }),
      }),

    act: (batchId: string, action: string) =>
      call(`${batches}/${batchId}?action=${action}`, { method: 'POST' }),

    async look(batchId: string) {
      const { json } = await call(`/data/foundation/catalog/batches/${batchId}`);
      return json[batchId];
    },
  };
}

export function filePath(batchId: string, path: string): string {
  return `/data/foundation/import/batches/${batchId}/datasets/${DATA_SET_ID}/files/${path}`;
}

/** A receiver on a free port, with what tests ask of it. */
export async function startReceiver(
  options: Pick<PlatformReceiverOptions, 'dataDir' | 'datasetsDir'> &
    Partial<PlatformReceiverOptions>,
) {
  const changes = createChanges();
  const settings = { ...SETTINGS, logger: changes.logger, ...options };
  const { url, stop } = await startPlatformReceiver(settings);
  const client = await signIn(url);
  return {
    url,
    ...client,
    stop,
    [Symbol.asyncDispose]: stop,
    /** Resolves when the batch has the status. */
    reached: changes.reached,

    /** A batch of these files, completed, and looked at when it is over. */
    async ingest(files: Record<string, string>, more: object = {}) {
      const { id } = (await client.create(more)).json;
      for (const [path, body] of Object.entries(files)) await client.put(id, path, body);
      await client.act(id, 'COMPLETE');
      await Promise.race([changes.reached(id, 'success'), changes.reached(id, 'failed')]);
      return client.look(id);
    },
  };
}

/** One receiver for all tests of the file that calls this. */
export function useReceiver(): Awaited<ReturnType<typeof startReceiver>> {
  let space: Awaited<ReturnType<typeof createWorkspace>>;
  let receiver: Awaited<ReturnType<typeof startReceiver>>;

  beforeAll(async () => {
    space = await createWorkspace();
    receiver = await startReceiver(space);
  });

  afterAll(async () => {
    await receiver.stop();
    await space[Symbol.asyncDispose]();
  });

  return standInFor(() => receiver);
}

/** A file of these records, one per line. */
export const toLines = (...records: unknown[]) =>
  records.map((each) => `${JSON.stringify(each)}\n`).join('');

/** Of a batch whose errors are to be told apart. */
export const DIAGNOSTICS = { enableErrorDiagnostics: true };

/** A clock on which nothing comes to its end before it is released. */
export function createHeldClock() {
  const held: (() => void)[] = [];
  const clock: Clock = {
    now: () => Date.now(),
    monotonicMs: () => performance.now(),
    wait: (_delayMs, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
        held.push(resolve);
      }),
  };
  return { ...clock, release: () => held.shift()?.() };
}

/** The receiver's log tells when a batch changes: a test waits for that instead of asking again and again. */
function createChanges() {
  const seen = new Set<string>();
  const waiting = new Map<string, () => void>();
  const note = (details: object, message: string) => {
    if (message !== 'batch changed') return;
    const { batchId, status } = details as { batchId: string; status: string };
    seen.add(`${batchId} ${status}`);
    waiting.get(`${batchId} ${status}`)?.();
  };
  const logger: Logger = { info: note, warn: note, error: note };
  return {
    logger,
    reached: (batchId: string, status: string) =>
      new Promise<void>((resolve) => {
        const key = `${batchId} ${status}`;
        if (seen.has(key)) resolve();
        else waiting.set(key, resolve);
      }),
  };
}
