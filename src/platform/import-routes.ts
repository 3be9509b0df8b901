import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Clock } from '../adobe/clock.js';
import { BATCH_ACTIONS, type Batch } from './batch.js';
import { type Tenant, toBatchAnswer } from './batch-answer.js';
import { createBatchId } from './batch-id.js';
import type { Batches } from './batches.js';
import type { Datasets } from './datasets.js';
import { Problem } from './problem.js';

const percent = z.number().min(0).max(100);

const newBatch = z.object({
  datasetId: z.string(),
  // Required, though some of Adobe's samples leave it out: they would ingest Parquet, which this does not.
  inputFormat: z.object({
    format: z.string().regex(/^json$/i, 'expected json: it is all that this receiver takes'),
    isMultiLineJson: z.boolean().default(false),
  }),
  externalId: z.string().min(1).max(200).optional(),
  tags: z.record(z.string(), z.array(z.string())).default({}),
  replay: z.record(z.string(), z.unknown()).optional(),
  enableErrorDiagnostics: z.boolean().default(false),
  // Adobe's own pages have both names.
  partialIngestionPercent: percent.optional(),
  partialIngestionPercentage: percent.optional(),
});

/** What the routes of batches work on. */
export interface BatchRoutesOptions {
  readonly batches: Batches;
  readonly datasets: Datasets;
  readonly tenant: Tenant;
  readonly clock: Clock;
}

/** Serve the making of batches, and what is done to them. */
export function addImportRoutes(
  app: FastifyInstance,
  { batches, datasets, tenant, clock }: BatchRoutesOptions,
): void {
  app.post('/data/foundation/import/batches', async ({ headers, body }, reply) => {
    const type = headers['content-type'] ?? '';
    if (!/^application\/json\b/i.test(type) || typeof body !== 'string') {
      throw new Problem(400, 'A valid content-type must be specified');
    }
    const batch = parseNewBatch(body, clock.now());
    if (!datasets.has(batch.dataSetId)) {
      throw new Problem(400, `There is no dataset ${batch.dataSetId}`);
    }
    await batches.add(batch);
    return reply.code(201).send(toBatchAnswer(batch, tenant));
  });

  app.post<{ Params: { batchId: string }; Querystring: { action?: string } }>(
    '/data/foundation/import/batches/:batchId',
    async ({ params, query }) => {
      const action = BATCH_ACTIONS.find((known) => known === query.action?.toUpperCase());
      if (action === undefined) {
        throw new Problem(400, `action must be one of ${BATCH_ACTIONS.join(', ')}`);
      }
      return toBatchAnswer(batches.act(params.batchId, action), tenant);
    },
  );
}

function parseNewBatch(body: string, now: number): Batch {
  const parsed = newBatch.safeParse(parseJson(body));
  if (!parsed.success) {
    const faults = parsed.error.issues.map(
      ({ path, message }) => `${path.join('.') || 'body'}: ${message}`,
    );
    throw new Problem(400, faults.join('; '));
  }
  const { data } = parsed;
  const id = createBatchId(now);
  return {
    id,
    externalId: data.externalId ?? id,
    dataSetId: data.datasetId,
    status: 'loading',
    isMultiLineJson: data.inputFormat.isMultiLineJson,
    hasErrorDiagnostics: data.enableErrorDiagnostics,
    partialIngestionPercent: data.partialIngestionPercent ?? data.partialIngestionPercentage ?? 0,
    tags: data.tags,
    replay: data.replay ?? null,
    createdAt: now,
    updatedAt: now,
    revision: 0,
    startedAt: null,
    completedAt: null,
    metrics: null,
    errors: [],
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem(400, 'The body is not JSON');
  }
}
