import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { BodyUnreadableError, parseBodyJson } from '../adobe/body-json.js';
import type { Clock } from '../adobe/clock.js';
import { toIssueText } from '../adobe/input-issues.js';
import { BATCH_ACTIONS, type Batch } from './batch.js';
import { type Tenant, toBatchAnswer } from './batch-answer.js';
import { createBatchId } from './batch-id.js';
import type { Batches } from './batches.js';
import type { Datasets } from './datasets.js';
import { Problem } from './problem.js';
import { readOnce } from './query.js';

const percent = z.number().min(0).max(100);

/** Null counts as absent. */
function orDefault<T, D>(schema: z.ZodType<T>, value: D) {
  return schema.nullish().transform((given) => given ?? value);
}

const newBatch = z.object({
  datasetId: z.string(),
  // Required, although some of Adobe's samples omit it: their default is Parquet, which this receiver does not
  // accept.
  inputFormat: z.object({
    format: z
      .string()
      .regex(/^json$/i, 'expected json, the only format that this receiver accepts'),
    isMultiLineJson: orDefault(z.boolean(), false),
  }),
  externalId: z.string().min(1).max(200).nullish(),
  tags: orDefault(z.record(z.string(), z.array(z.string())), {}),
  replay: z.record(z.string(), z.unknown()).nullish(),
  enableErrorDiagnostics: orDefault(z.boolean(), false),
  // Adobe's own pages use both names.
  partialIngestionPercent: percent.nullish(),
  partialIngestionPercentage: percent.nullish(),
});

/** What the batch routes need. */
export interface BatchRoutesOptions {
  readonly batches: Batches;
  readonly datasets: Datasets;
  readonly tenant: Tenant;
  readonly clock: Clock;
}

/** Serve the creation of batches, and the actions on them. */
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

  app.post<{ Params: { batchId: string } }>(
    '/data/foundation/import/batches/:batchId',
    async ({ params, query }) => {
      const asked = readOnce(query, 'action')?.toUpperCase();
      const action = BATCH_ACTIONS.find((known) => known === asked);
      if (action === undefined) {
        throw new Problem(400, `action must be one of ${BATCH_ACTIONS.join(', ')}`);
      }
      return toBatchAnswer(batches.act(params.batchId, action), tenant);
    },
  );
}

function parseNewBatch(body: string, now: number): Batch {
  const parsed = newBatch.safeParse(parseJson(body));
  if (!parsed.success) throw new Problem(400, toIssueText(parsed.error.issues, 'body'));
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
    return parseBodyJson(text);
  } catch (error) {
    throw error instanceof BodyUnreadableError ? new Problem(400, error.message) : error;
  }
}
