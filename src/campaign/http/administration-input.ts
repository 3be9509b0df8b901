import { z } from 'zod';
import { parseBodyJson } from '../../adobe/body-json.js';
import { toIssueText } from '../../adobe/input-issues.js';
import { JOB_STATUSES } from '../state/job.js';
import type { JobFilter } from '../state/job-store.js';

/** Invalid input to the administration API. The message says what is allowed. */
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

const instant = z
  .string({ error: 'expected an instant in ISO 8601' })
  .refine((text) => !Number.isNaN(Date.parse(text)), 'expected an instant in ISO 8601')
  .transform((text) => Date.parse(text));

/** One value, or several if the parameter is repeated. */
function several<T>(schema: z.ZodType<T>) {
  return z.preprocess(
    (value) => (value === undefined || Array.isArray(value) ? value : [value]),
    z.array(schema).max(MAX_LIMIT, `expected at most ${MAX_LIMIT}`).optional(),
  );
}

const jobsQuery = z.strictObject({
  mapping: several(z.string({ error: 'expected a mapping id' }).min(1, 'expected a mapping id')),
  status: several(z.enum(JOB_STATUSES, { error: `expected one of ${JOB_STATUSES.join(', ')}` })),
  request: several(jobId),
  startedAfter: instant.optional(),
  startedBefore: instant.optional(),
  after: jobId.optional(),
  limit: limit.optional(),
});

const rejectsQuery = z.strictObject({
  after: z
    .string()
    .regex(/^\d{1,15}$/, 'expected a number')
    .transform(Number)
    .optional(),
  limit: limit.optional(),
});

const publication = z.strictObject({
  resendFromBeginning: z.boolean({ error: 'expected true or false' }),
});

/**
 * Parse the filter of a query for jobs.
 *
 * @throws {AdministrationInputError}
 */
export function parseJobFilter(query: unknown): JobFilter {
  const asked = parse(jobsQuery, query);
  return {
    mappingIds: asked.mapping,
    statuses: asked.status,
    requestIds: asked.request,
    startedAfter: asked.startedAfter,
    startedBefore: asked.startedBefore,
    after: asked.after,
    limit: asked.limit ?? DEFAULT_LIMIT,
  };
}

/**
 * Parse the page of a query for a job's rejects.
 *
 * @throws {AdministrationInputError}
 */
export function parseRejectPage(query: unknown): {
  readonly after: number;
  readonly limit: number;
} {
  const { after = 0, limit = DEFAULT_LIMIT } = parse(rejectsQuery, query);
  return { after, limit };
}

/**
 * Parse the id of a job in a path.
 *
 * @throws {AdministrationInputError}
 */
export function parseJobId(text: string): number {
  return parse(jobId, text);
}

/**
 * Parse the body of a publication. It must say whether the records are sent again from the beginning: nobody should
 * find that out by omitting it.
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
  throw new AdministrationInputError(toIssueText(parsed.error.issues));
}
