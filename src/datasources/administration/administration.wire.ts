import { z } from 'zod';
import {
  type AdministeredMapping,
  type ChangeResult,
  type Job,
  type JobFilter,
  type JobStatus,
  jobRefusals,
  jobStatuses,
  type MappingChange,
  mappingRefusals,
  type Reject,
} from '../../ingestion/administration.js';
import { type TokenlessRequest, toBasePath } from '../upstream/campaign.request.js';
import type { HttpAnswer } from '../upstream/http-exchange.js';
import { parseWireJson } from '../upstream/wire-json.js';

/** One call of the administration API, without its access token. */
export interface AdministrationCall {
  readonly method: 'GET' | 'POST';
  /** Below `/admin`. */
  readonly path: string;
  readonly body?: object;
}

/** The HTTP request of a call. */
export function toAdministrationRequest(
  url: URL,
  { method, path, body }: AdministrationCall,
): TokenlessRequest {
  return (accessToken) => ({
    method,
    path: `${toBasePath(url)}/admin${path}`,
    headers: {
      authorization: `Bearer ${accessToken}`,
      accept: 'application/json',
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
}

/** The call that changes a mapping. */
export function toMappingCall(mappingId: string, change: MappingChange): AdministrationCall {
  const path = `/mappings/${encodeURIComponent(mappingId)}/${change.kind}`;
  if (change.kind !== 'publish') return { method: 'POST', path };
  return { method: 'POST', path, body: { resendFromBeginning: change.resendFromBeginning } };
}

/** The path of the call that lists jobs, newest first. */
export function toJobsPath(filter: JobFilter, after: string | null, limit: number): string {
  const { mappingIds = [], statuses = [], requestIds = [], startedAfter, startedBefore } = filter;
  const pairs: [name: string, value: string][] = [
    ...mappingIds.map((value): [string, string] => ['mapping', value]),
    ...statuses.map((status): [string, string] => ['status', toWireStatus(status)]),
    ...requestIds.map((value): [string, string] => ['request', value]),
    ['limit', String(limit)],
  ];
  if (startedAfter !== undefined)
    pairs.push(['startedAfter', new Date(startedAfter).toISOString()]);
  if (startedBefore !== undefined) {
    pairs.push(['startedBefore', new Date(startedBefore).toISOString()]);
  }
  if (after !== null) pairs.push(['after', after]);
  return `/jobs?${new URLSearchParams(pairs)}`;
}

const instant = z.iso.datetime().transform((text) => Date.parse(text));
const id = z.union([z.string(), z.number().transform(String)]);
const count = z.int().nonnegative();

const job = z
  .object({
    id,
    mapping: z.string(),
    requestId: id.nullable(),
    batchId: z.string().nullable(),
    status: z
      .string()
      .transform((text) => text.toUpperCase())
      .pipe(z.enum(jobStatuses)),
    numberOfRecords: count,
    numberOfRejectedRecords: count,
    reason: z.string(),
    startTime: instant,
    endTime: instant.nullable(),
  })
  .transform(
    (row): Job => ({
      jobId: row.id,
      mappingId: row.mapping,
      requestId: row.requestId,
      batchId: row.batchId,
      status: row.status,
      numRecords: row.numberOfRecords,
      numRejected: row.numberOfRejectedRecords,
      reason: row.reason || null,
      startedAt: row.startTime,
      endedAt: row.endTime,
    }),
  );

const mapping = z
  .object({
    id: z.string(),
    label: z.string(),
    publication: z.enum(['published', 'unpublished']),
    execution: z.enum(['started', 'stopped']),
    nextRunAt: instant.nullable(),
    runIntervalMs: count,
    watermark: id.nullable(),
    lastJob: job.nullable(),
  })
  .transform(
    ({ id: mappingId, publication, execution, ...rest }): AdministeredMapping => ({
      ...rest,
      mappingId,
      isPublished: publication === 'published',
      isStarted: execution === 'started',
    }),
  );

const reject = z.object({
  key: z.string().nullable(),
  line: z.int().nullable(),
  reason: z.string(),
}) satisfies z.ZodType<Reject>;

/** The answer of each call. */
export const administrationAnswers = {
  mappings: z.object({ mappings: z.array(mapping) }),
  mapping,
  jobs: z.object({ jobs: z.array(job) }),
  job,
  rejects: z.object({ rejects: z.array(reject) }),
} as const;

const refusal = z.object({ code: z.string(), message: z.string() });

/**
 * Read the result of a change; undefined if the answer says neither what was changed nor why not.
 *
 * @throws {z.ZodError} the answer does not come from this API
 */
export function parseChange<State, Refusal extends string>(
  { status, body }: HttpAnswer,
  state: z.ZodType<State>,
  refusals: readonly Refusal[],
): ChangeResult<State, Refusal> | undefined {
  const json = parseWireJson(body);
  if (status === 200) return { kind: 'changed', state: state.parse(json) };
  const { code, message } = refusal.parse(json);
  const reason = refusals.find((known) => known === code);
  return reason && { kind: 'refused', reason, message };
}

/** Why changes are refused, in the API's terms. */
export const administrationRefusals = { mapping: mappingRefusals, job: jobRefusals } as const;

/** In the service's spelling: `Created`. */
function toWireStatus(status: JobStatus): string {
  return status.charAt(0) + status.slice(1).toLowerCase();
}
