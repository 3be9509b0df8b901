import { z } from 'zod';
import { toIssueText } from '../adobe/input-issues.js';
import { BATCH_FIELDS, type BatchOrder } from './batch-store.js';
import { Problem } from './problem.js';

const count = z
  .string()
  .regex(/^\d{1,15}$/, 'expected a number')
  .transform(Number);

const page = {
  limit: count.refine((limit) => limit >= 1 && limit <= 100, 'expected 1 to 100').default(20),
  start: count.default(0),
  properties: z
    .string()
    .transform((names) => names.split(','))
    .optional(),
};

/** The parameters of lists of batches. Unknown ones are refused, because ignoring them would return all batches. */
export const batchesQuery = z.strictObject({
  ...page,
  batch: z.string().optional(),
  externalId: z.string().optional(),
  dataSet: z.string().optional(),
  status: z.string().optional(),
  created: count.optional(),
  createdAfter: count.optional(),
  createdBefore: count.optional(),
  updated: count.optional(),
  orderBy: z.string().default('desc:created').transform(toOrder),
});

/** The parameters of lists of datasets. */
export const dataSetsQuery = z.strictObject({
  ...page,
  name: z.string().optional(),
  orderBy: z
    .string()
    .regex(/^(asc|desc):name$/, 'expected asc:name or desc:name')
    .optional(),
});

/** The parameters of lists of last batches. */
export const lastBatchesQuery = z.strictObject({
  ...page,
  dataSetId: z
    .string()
    .transform((ids) => ids.split(','))
    .optional(),
  lastBatchId: z.string().optional(),
  lastBatchStatus: z.string().optional(),
  lastSuccessfulBatchId: z.string().optional(),
  lastFailedBatchId: z.string().optional(),
});

/** The parameters of a single object. `aggregate` changes nothing, because metrics are always included. */
export const objectQuery = z.strictObject({
  properties: page.properties,
  aggregate: z.enum(['true', 'false']).optional(),
});

/** @throws {Problem} 400 */
export function parseQuery<T>(schema: z.ZodType<T>, query: unknown): T {
  const parsed = schema.safeParse(query);
  if (!parsed.success) throw new Problem(400, toIssueText(parsed.error.issues));
  return parsed.data;
}

/** Parse `desc:created,updated,asc:status`. Without a direction, that of the previous field applies. */
function toOrder(text: string, context: z.RefinementCtx): BatchOrder[] {
  let direction: BatchOrder['direction'] = 'asc';
  return text.split(',').flatMap((part) => {
    const [, given, name] = /^(?:(asc|desc):)?(\w+)$/.exec(part) ?? [];
    const field = BATCH_FIELDS.find((known) => known === name);
    if (field === undefined) {
      const message = `expected asc: or desc:, and fields to sort by, from ${BATCH_FIELDS.join(', ')}`;
      context.addIssue({ code: 'custom', message });
      return [];
    }
    direction = given === 'desc' || (given === undefined && direction === 'desc') ? 'desc' : 'asc';
    return [{ field, direction }];
  });
}
