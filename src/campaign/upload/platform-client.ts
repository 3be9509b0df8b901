import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../adobe/clock.js';
import { type BatchReport, findBatchId, parseBatchReport } from './batch-report.js';
import type { ProxyOf } from './connections.js';
import { createPlatformCaller, type PlatformSettings } from './platform-call.js';
import { PlatformError } from './platform-error.js';
import { withRetries } from './retry.js';
import { parseRowErrorList, parseRowErrors, type RowError } from './row-errors.js';

export type { PlatformSettings };

/** A batch to create. */
export interface NewBatch {
  readonly datasetId: string;
  /** The share of records that Platform may leave out without refusing the others. */
  readonly partialIngestionPercent?: number;
}

/** A file of a batch. */
export interface PlatformFile {
  readonly batchId: string;
  readonly datasetId: string;
  readonly name: string;
  readonly content: Buffer;
}

const IMPORT = '/data/foundation/import/batches';
const CATALOG = '/data/foundation/catalog/batches';
const EXPORT = '/data/foundation/export/batches';

/** They are for people, and are in memory. */
export const MAX_ROW_ERRORS = 10_000;
const MAX_ROW_ERROR_BYTES = 32 * 1024 * 1024;

/** How far Platform's clock may be behind ours. In ms. */
const CLOCK_SKEW_MS = 10 * 60_000;

/** A number keeps all its digits only up to 2^53. */
const createdBatch = z.object({
  id: z.union([z.string().trim().min(1), z.int().transform(String)]),
});

/**
 * Platform's Batch Ingestion API. Each call is repeated while that is safe and may help, with a new token if one was
 * refused. It throws {@link PlatformError} when it gives up, or the signal's reason.
 */
export type PlatformClient = ReturnType<typeof createPlatformClient>;

/** Create a client; connections are opened on demand, and kept. */
export function createPlatformClient(settings: PlatformSettings, clock: Clock, proxyOf?: ProxyOf) {
  const { call, close } = createPlatformCaller(settings, clock, proxyOf);

  async function tryToCreate(
    { datasetId, partialIngestionPercent = 0 }: NewBatch,
    externalId: string,
    signal: AbortSignal,
  ) {
    const body = JSON.stringify({
      datasetId,
      externalId,
      inputFormat: { format: 'json' },
      enableErrorDiagnostics: true,
      ...(partialIngestionPercent === 0 ? {} : { partialIngestionPercent }),
    });
    const contentType = 'application/json';
    return parseCreated(await call({ method: 'POST', path: IMPORT, body, contentType, signal }));
  }

  async function findCreated(
    datasetId: string,
    externalId: string,
    since: number,
    signal: AbortSignal,
  ): Promise<string | null> {
    const query = new URLSearchParams({
      dataSet: datasetId,
      createdAfter: String(Math.floor(since - CLOCK_SKEW_MS)),
      orderBy: 'desc:created',
      limit: '100',
    });
    return findBatchId(
      await call({ method: 'GET', path: `${CATALOG}?${query}`, signal }),
      externalId,
    );
  }

  async function act(batchId: string, action: 'COMPLETE' | 'ABORT', signal: AbortSignal) {
    const path = `${IMPORT}/${encodeURIComponent(batchId)}?action=${action}`;
    await call({ method: 'POST', path, signal });
  }

  async function readBatch(batchId: string, signal: AbortSignal): Promise<BatchReport> {
    const path = `${CATALOG}/${encodeURIComponent(batchId)}`;
    return parseBatchReport(batchId, await call({ method: 'GET', path, signal }));
  }

  async function readRowErrors(batchId: string, signal: AbortSignal): Promise<RowError[]> {
    const path = `${EXPORT}/${encodeURIComponent(batchId)}/meta?path=row_errors`;
    const read = (from: string) =>
      withRetries(clock, signal, () => call({ method: 'GET', path: from, signal }));
    const rows: RowError[] = [];
    for (const { name, sizeBytes } of parseRowErrorList(await read(path))) {
      if (sizeBytes > MAX_ROW_ERROR_BYTES) continue;
      rows.push(...parseRowErrors(await read(`${path}%2F${encodeURIComponent(name)}`)));
      if (rows.length >= MAX_ROW_ERRORS) break;
    }
    return rows.slice(0, MAX_ROW_ERRORS);
  }

  /** False for a batch that is over, or that Platform has forgotten. */
  async function isOpen(batchId: string, signal: AbortSignal): Promise<boolean> {
    try {
      const { phase } = await readBatch(batchId, signal);
      return phase === 'loading' || phase === 'working';
    } catch (error) {
      if (error instanceof PlatformError && error.httpStatus === 404) return false;
      throw error;
    }
  }

  return {
    /**
     * Create a batch for NDJSON files, once: if the answer was lost, the batch is looked up by its external id before
     * another one is created.
     */
    createBatch(batch: NewBatch, signal: AbortSignal): Promise<string> {
      const externalId = randomUUID();
      const since = clock.now();
      let mayBeThere = false;
      return withRetries(clock, signal, async () => {
        if (mayBeThere) {
          const batchId = await findCreated(batch.datasetId, externalId, since, signal);
          if (batchId !== null) return batchId;
        }
        try {
          return await tryToCreate(batch, externalId, signal);
        } catch (error) {
          mayBeThere ||= error instanceof PlatformError && error.isOutcomeUnknown;
          throw error;
        }
      });
    },

    /** Upload a whole file; it replaces one with the same name. */
    uploadFile(
      { batchId, datasetId, name, content }: PlatformFile,
      signal: AbortSignal,
    ): Promise<void> {
      const path = [IMPORT, encodeURIComponent(batchId), 'datasets', datasetId, 'files', name];
      const upload = {
        method: 'PUT',
        path: path.join('/'),
        contentType: 'application/octet-stream',
        body: content,
        signal,
      } as const;
      return withRetries(clock, signal, async () => void (await call(upload)));
    },

    /** Say that the batch has all its files. Safe to repeat. */
    completeBatch: (batchId: string, signal: AbortSignal) =>
      withRetries(clock, signal, () => act(batchId, 'COMPLETE', signal)),

    /** Abort the batch. Also resolves if it is over already. */
    abortBatch: (batchId: string, signal: AbortSignal) =>
      withRetries(clock, signal, async () => {
        try {
          await act(batchId, 'ABORT', signal);
        } catch (error) {
          if (await isOpen(batchId, signal)) throw error;
        }
      }),

    readBatch: (batchId: string, signal: AbortSignal) =>
      withRetries(clock, signal, () => readBatch(batchId, signal)),

    /** The records that Platform left out of a finished batch, up to {@link MAX_ROW_ERRORS}. */
    readRowErrors,

    close,
  };
}

function parseCreated(text: string): string {
  try {
    return createdBatch.parse(JSON.parse(text)).id;
  } catch (error) {
    // The call was accepted, so the batch will be looked up.
    throw new PlatformError('Platform created a batch without telling its id', true, null, null, {
      cause: error,
    });
  }
}
