import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { toFaultText } from '../adobe/input-faults.js';
import { type Tenant, toBatchAnswer } from './batch-answer.js';
import type { Batches } from './batches.js';
import { Problem } from './problem.js';

const count = z
  .string()
  .regex(/^\d{1,15}$/, 'expected a number')
  .transform(Number);

// What is not known is refused: ignored, it would give all batches.
const listQuery = z.strictObject({
  dataSet: z.string().optional(),
  status: z.string().optional(),
  createdAfter: count.optional(),
  createdBefore: count.optional(),
  orderBy: z
    .string()
    .regex(/^(asc|desc):created$/, 'expected asc:created or desc:created')
    .default('desc:created'),
  limit: count.refine((limit) => limit >= 1 && limit <= 100, 'expected 1 to 100').default(20),
  start: count.default(0),
});

/** Serve the catalog of batches. Both answers are keyed by the batches' ids. */
export function addCatalogRoutes(app: FastifyInstance, batches: Batches, tenant: Tenant): void {
  app.get('/data/foundation/catalog/batches', async ({ query }) => {
    const parsed = listQuery.safeParse(query);
    if (!parsed.success) throw new Problem(400, toFaultText(parsed.error.issues));
    const { dataSet, orderBy, ...rest } = parsed.data;
    const order = orderBy === 'asc:created' ? 'asc' : 'desc';
    const found = batches.list({ ...rest, dataSetId: dataSet, order });
    return Object.fromEntries(found.map((batch) => [batch.id, toBatchAnswer(batch, tenant)]));
  });

  // The second path is a slip of Adobe's documentation, which somebody may have followed.
  for (const path of ['batches', 'batch']) {
    app.get<{ Params: { batchId: string } }>(
      `/data/foundation/catalog/${path}/:batchId`,
      async ({ params: { batchId } }) => ({
        [batchId]: toBatchAnswer(batches.find(batchId), tenant),
      }),
    );
  }
}
