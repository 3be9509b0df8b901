import { z } from 'zod';
import { PlatformError } from './platform-error.js';

/** What Platform says about a batch. */
export interface BatchReport {
  /** In Platform's spelling, in lower case. */
  readonly status: string;
  readonly phase: BatchPhase;
  /** Null until Platform has counted. */
  readonly ingestedRecords: number | null;
  readonly failedRecords: number;
  /** Its errors in one text; empty if it has none. */
  readonly reason: string;
}

/** The phase of a batch, from Platform's many statuses. */
export type BatchPhase = 'loading' | 'working' | 'accepted' | 'failed' | 'stalled' | 'gone';

/**
 * What each status means. Only `failed` is documented as an end; `stalled` has run out of retries, and a batch that
 * is gone was ended by somebody else.
 *
 * @see https://experienceleague.adobe.com/en/docs/experience-platform/ingestion/batch/troubleshooting
 */
const PHASES: Readonly<Record<string, BatchPhase>> = {
  loading: 'loading',
  loaded: 'working',
  staging: 'working',
  staged: 'working',
  queued: 'working',
  processing: 'working',
  retrying: 'working',
  success: 'accepted',
  active: 'accepted',
  failed: 'failed',
  failure: 'failed',
  stalled: 'stalled',
  aborted: 'gone',
  abandoned: 'gone',
  inactive: 'gone',
  deleted: 'gone',
  archived: 'gone',
  retained: 'gone',
};

/** Some servers write numbers as texts. A value that is not a count says nothing. */
const count = z
  .unknown()
  .optional()
  .transform((told) => {
    const number = typeof told === 'string' && /^\s*\d+\s*$/.test(told) ? Number(told) : told;
    return Number.isSafeInteger(number) && Number(number) >= 0 ? Number(number) : undefined;
  });
const text = z.union([z.string(), z.number().transform(String)]).catch('');
const fields = z.record(z.string(), z.unknown()).catch({});

const batch = z.object({
  status: z.string(),
  metrics: fields.pipe(z.object({ outputRecordCount: count, failedRecordCount: count })),
  errors: z
    .array(fields.pipe(z.object({ code: text, description: text, recordCount: count })))
    .catch([]),
});

const batches = z.record(z.string(), z.unknown());
const named = z.object({ externalId: z.string() });

/** A reason is stored with the job, and read by people. */
const LONGEST_REASON = 1_000;

/**
 * Parse the answer to a look-up of one batch.
 *
 * @throws {PlatformError} it is not one
 */
export function parseBatchReport(batchId: string, text: string): BatchReport {
  const known = parseBatches(text);
  if (!Object.hasOwn(known, batchId))
    throw new PlatformError(`Platform does not know batch ${batchId}`, true, 404);
  const found = orPlatformError(() => batch.parse(known[batchId]));
  const status = found.status.trim().toLowerCase();
  const phase = PHASES[status];
  if (phase === undefined) {
    throw new PlatformError(
      `Platform gives batch ${batchId} the unknown status ${status}`,
      true,
      200,
    );
  }
  return {
    status,
    phase,
    ingestedRecords: found.metrics.outputRecordCount ?? null,
    failedRecords: found.metrics.failedRecordCount ?? 0,
    reason: toReason(found.errors),
  };
}

/**
 * Find the batch with an external id in the answer to a list of batches.
 *
 * @returns null if it is not there
 * @throws {PlatformError} it is not a list
 */
export function findBatchId(text: string, externalId: string): string | null {
  const found = Object.entries(parseBatches(text)).find(
    ([, each]) => named.safeParse(each).data?.externalId === externalId,
  );
  return found === undefined ? null : found[0];
}

function parseBatches(text: string): z.infer<typeof batches> {
  return orPlatformError(() => batches.parse(JSON.parse(text)));
}

function orPlatformError<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new PlatformError('Platform’s answer does not contain batches', true, 200, null, {
      cause: error,
    });
  }
}

function toReason(errors: z.infer<typeof batch>['errors']): string {
  return errors
    .map(({ code, description, recordCount }) => {
      const count = recordCount === 1 ? ' (1 record)' : ` (${recordCount} records)`;
      return `${code} ${description}`.trim() + (recordCount === undefined ? '' : count);
    })
    .join('; ')
    .slice(0, LONGEST_REASON);
}
