import { CommandError, exitCodes } from './command-error.js';
import type { Context } from './context.js';
import { toClock } from './duration.js';
import {
  CancelDocument,
  EndWatchDocument,
  type JobStatus,
  JobsDocument,
  type MappingFragment,
  MappingsDocument,
  PublishDocument,
  type PublishMutation,
  ScheduleDocument,
  StopDocument,
  UnpublishDocument,
} from './generated/operations.js';
import { toPlain } from './output.js';
import { readPages } from './pages.js';

/** List mappings, in the order of their ids. */
export async function mappings(context: Context, { limit }: { readonly limit: number }) {
  await readPages(context, MappingsDocument, {}, limit, [
    ['MAPPING', ({ mappingId }) => mappingId],
    ['STATE', toState],
    ['NEXT RUN', ({ administration }) => administration?.nextRunAt],
    ['USUALLY', ({ usualDuration }) => usualDuration && toClock(usualDuration.p50Ms)],
    ['LAST', ({ lastRequest }) => lastRequest?.status],
    ['LABEL', ({ label }) => label],
  ]);
}

function toState({ administration }: MappingFragment): string {
  if (!administration) return '';
  const { publication, execution, runningJob } = administration;
  const state = publication === 'PUBLISHED' ? execution : publication;
  return runningJob ? `${state}, RUNNING` : state;
}

type Change = PublishMutation['change'];

function takeChange({ output }: Context, mappingId: string, change: Change, done: string): void {
  if (change.__typename === 'MappingChangeRefused') {
    output.note(`${toPlain(mappingId)} was not changed.`);
    throw new CommandError(exitCodes.refused, change.message, { code: change.reason });
  }
  output.data(change.mapping, () => `${toPlain(mappingId)} ${done}`);
}

/** Publish a mapping, which the scheduler then runs, from its beginning if requested. */
export async function publish(
  context: Context,
  mappingId: string,
  { resend }: { readonly resend: boolean },
): Promise<void> {
  const input = { mappingId, resendFromBeginning: resend };
  const { change } = await context.gateway.request(PublishDocument, { input });
  takeChange(context, mappingId, change, 'is published and started');
}

/** Unpublish a mapping, so that nothing runs it. */
export async function unpublish(context: Context, mappingId: string): Promise<void> {
  const { change } = await context.gateway.request(UnpublishDocument, { mappingId });
  takeChange(context, mappingId, change, 'is unpublished');
}

/** Start a published mapping, which the scheduler then runs. */
export async function schedule(context: Context, mappingId: string): Promise<void> {
  const { change } = await context.gateway.request(ScheduleDocument, { mappingId });
  takeChange(context, mappingId, change, 'is started');
}

/** Stop a mapping, which the scheduler then no longer runs. */
export async function stop(context: Context, mappingId: string): Promise<void> {
  const { change } = await context.gateway.request(StopDocument, { mappingId });
  takeChange(context, mappingId, change, 'is stopped');
}

/** Options of `jobs`. */
export interface JobsOptions {
  readonly mapping?: readonly string[];
  readonly status?: readonly JobStatus[];
  readonly limit: number;
}

/** List jobs, newest first. */
export async function jobs(context: Context, { mapping, status, limit }: JobsOptions) {
  const filter = { ...(mapping && { mappingIds: mapping }), ...(status && { statuses: status }) };
  await readPages(context, JobsDocument, { filter }, limit, [
    ['JOB', ({ jobId }) => jobId],
    ['MAPPING', (job) => job.mapping.mappingId],
    ['REQUEST', ({ request }) => request?.requestId],
    ['STATUS', (job) => job.status],
    ['RECORDS', ({ numRecords }) => numRecords],
    ['REJECTED', ({ numRejected }) => numRejected],
    ['STARTED', ({ startedAt }) => startedAt],
    ['ENDED', ({ endedAt }) => endedAt],
    ['REASON', ({ reason }) => reason],
  ]);
}

/** Cancel a job. */
export async function cancel({ gateway, output }: Context, jobId: string): Promise<void> {
  const { change } = await gateway.request(CancelDocument, { jobId });
  if (change.__typename === 'JobChangeRefused') {
    throw new CommandError(exitCodes.refused, change.message, { code: change.reason });
  }
  output.data(change.job, () => `job ${toPlain(jobId)} is cancelled`);
}

/** Stop polling a request. */
export async function endWatch(
  { gateway, output }: Context,
  mappingId: string,
  requestId: string,
): Promise<void> {
  const { endWatch: result } = await gateway.request(EndWatchDocument, { mappingId, requestId });
  const done = result.wasWatched ? 'is no longer watched' : 'was not watched';
  output.data(result, () => `${toPlain(mappingId)}  ${toPlain(requestId)}  ${done}`);
}
