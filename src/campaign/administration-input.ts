import { z } from 'zod';
import { parseBodyJson } from '../adobe/body-json.js';
import { toFaultText } from '../adobe/input-faults.js';
import { JOB_STATUSES } from './job.js';
import type { JobFilter } from './job-store.js';

/** What came is not what the administration API takes. The message says what is. */
export class AdministrationInputError extends Error {
  override readonly name = 'AdministrationInputError';
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;

const jobId = z
  .string({ error: 'expected the id of a job' })
  .regex(/^\d{1,15}$/, 'expected the id of a job')
  .transform(Number);

const limit = z
  .string({ error: `expected a number from 1 to ${MAX_LIMIT}` })
  .regex(/^\d{1,3}$/, `expected a number from 1 to ${MAX_LIMIT}`)
  .transform(Number)
  .refine((count) => count >= 1 && count <= MAX_LIMIT, `expected a number from 1 to ${MAX_LIMIT}`);

const jobsQuery = z.strictObject({
  mapping: z
    .string({ error: 'expected one mapping id' })
    .min(1, 'expected a mapping id')
    .optional(),
  status: z.enum(JOB_STATUSES, { error: `expected one of ${JOB_STATUSES.join(', ')}` }).optional(),
  after: jobId.optional(),
  limit: limit.optional(),
});

const publication = z.strictObject({
  resendFromBeginning: z.boolean({ error: 'expected true or false' }),
});

/**
 * Read which jobs a query asks for.
 *
 * @throws {AdministrationInputError}
 */
export function parseJobFilter(query: unknown): JobFilter {
  const { mapping, status, after, limit } = parse(jobsQuery, query);
  return {
    mappingId: mapping ?? null,
    status: status ?? null,
    after: after ?? null,
    limit: limit ?? DEFAULT_LIMIT,
  };
}

/**
 * Read the id of a job from a path.
 *
 * @throws {AdministrationInputError}
 */
export function parseJobId(text: string): number {
  return parse(jobId, text);
}

/**
 * Read the body of a publication. It must say whether the records are sent from the beginning again: that is
 * not to be found out by leaving it away.
 *
 * @throws {AdministrationInputError}
 */
export function parsePublication(body: unknown): { readonly resendFromBeginning: boolean } {
  let json: unknown;
  try {
    json = parseBodyJson(String(body));
  } catch {
    throw new AdministrationInputError(
      'expected the JSON body {"resendFromBeginning": true or false}',
    );
  }
  return parse(publication, json);
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AdministrationInputError(toFaultText(parsed.error.issues));
}
