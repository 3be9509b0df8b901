import { Field, InputType, ObjectType } from 'type-graphql';
import type { JobStatus as DomainStatus, Job as JobRow } from '../ingestion/administration.js';
import { createConnection } from './connection.js';
import { createEnum } from './enum.js';
import { toGlobalId } from './global-id.js';
import { Node } from './node.js';
import { DateTime, ID, SafeInt } from './scalars.js';

/** The domain's statuses. */
export const JobStatus = createEnum<DomainStatus>(
  'JobStatus',
  'The status of a job. SUCCESS and FAILED are final.',
  {
    CREATED: 'It is reading its source and uploading.',
    UPLOADED: 'Platform has the whole batch and is checking it.',
    SUCCESS: 'Platform accepted its batch.',
    FAILED: 'It ended in an error, or was cancelled; `reason` says which.',
  },
);

@ObjectType({
  implements: Node,
  description:
    'One execution of a mapping, by the scheduler or for a request: a row of Campaign’s _Status of data export to platform_.',
})
export class Job extends Node {
  @Field(() => ID, { description: 'Its id in Campaign.' })
  readonly jobId: string;

  /** What `mapping` and `request` are looked up by. */
  readonly mappingId: string;
  readonly requestId: string | null;

  @Field(() => ID, { nullable: true, description: 'Null until it has uploaded something.' })
  readonly batchId: string | null;

  @Field(() => JobStatus)
  readonly status: DomainStatus;

  @Field(() => SafeInt, { description: 'Records sent; so far, while it is running.' })
  readonly numRecords: number;

  @Field(() => SafeInt, { description: 'Records that were rejected; so far, while it is running.' })
  readonly numRejected: number;

  @Field(() => String, {
    nullable: true,
    description:
      'Why it failed, in words. Of a job that succeeded: what Platform left out, what was rejected before, and what the source has gained that was not sent.',
  })
  readonly reason: string | null;

  @Field(() => DateTime)
  readonly startedAt: Date;

  @Field(() => DateTime, { nullable: true, description: 'Null while it is running.' })
  readonly endedAt: Date | null;

  constructor(job: JobRow) {
    super(toGlobalId({ kind: 'Job', jobId: job.jobId }));
    this.jobId = job.jobId;
    this.mappingId = job.mappingId;
    this.requestId = job.requestId;
    this.batchId = job.batchId;
    this.status = job.status;
    this.numRecords = job.numRecords;
    this.numRejected = job.numRejected;
    this.reason = job.reason;
    this.startedAt = new Date(job.startedAt);
    this.endedAt = job.endedAt === null ? null : new Date(job.endedAt);
  }
}

/** Pages of them. */
export const JobConnection = createConnection(
  'Job',
  Job,
  'A job in a page, with its cursor.',
  'A page of jobs, newest first.',
);

@InputType({
  description: 'Which jobs to list. Conditions that are left out don’t narrow the list.',
})
export class JobFilter {
  @Field(() => [ID], { nullable: true, description: 'Of these mappings, 1 to 100.' })
  readonly mappingIds?: string[] | null;

  @Field(() => [JobStatus], {
    nullable: true,
    description: 'With one of these statuses. Must not be empty.',
  })
  readonly statuses?: DomainStatus[] | null;

  @Field(() => DateTime, { nullable: true, description: 'Started at this instant or later.' })
  readonly startedAfter?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Started before this instant.' })
  readonly startedBefore?: Date | null;
}
