import { createUnionType, Field, InputType, ObjectType } from 'type-graphql';
import type {
  JobRefusal as DomainJobRefusal,
  MappingRefusal as DomainMappingRefusal,
} from '../ingestion/administration.js';
import { createEnum } from './enum.js';
import { Job } from './job.js';
import { Mapping } from './mapping.js';
import { ID } from './scalars.js';

@InputType({ description: 'Which mapping to publish, and where its ingestion continues.' })
export class PublishMappingInput {
  @Field(() => ID, { description: 'The mapping’s id.' })
  readonly mappingId!: string;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description:
      'Forget how far it has been ingested, so that the next run sends everything again.',
  })
  readonly resendFromBeginning!: boolean | null;
}

/** The domain's refusals. */
export const MappingRefusal = createEnum<DomainMappingRefusal>(
  'MappingRefusal',
  'Why a mapping was not changed.',
  {
    UNKNOWN_MAPPING: 'Campaign has no such mapping.',
    ALREADY_PUBLISHED: 'Unpublish it before you publish it again.',
    NOT_PUBLISHED: 'Publish it, which also starts it.',
    ALREADY_STARTED: 'The scheduler is already running it.',
    ALREADY_STOPPED: 'It is stopped already.',
    JOB_RUNNING: 'A job is running: wait for it to end, or cancel it.',
  },
);

/** Like {@link MappingRefusal}, for jobs. */
export const JobRefusal = createEnum<DomainJobRefusal>(
  'JobRefusal',
  'Why a job was not cancelled.',
  {
    UNKNOWN_JOB: 'No such job, or the caller may not see its mapping.',
    JOB_OVER: 'It has ended.',
    BATCH_WHOLE: 'Platform has the whole batch and will decide.',
  },
);

@ObjectType({ description: 'The mapping was changed.' })
export class MappingChanged {
  @Field(() => Mapping, { description: 'Its new state.' })
  readonly mapping: Mapping;

  constructor(mapping: Mapping) {
    this.mapping = mapping;
  }
}

@ObjectType({ description: 'Campaign refused, and nothing was changed.' })
export class MappingChangeRefused {
  @Field(() => ID)
  readonly mappingId: string;

  @Field(() => MappingRefusal)
  readonly reason: DomainMappingRefusal;

  @Field({ description: 'Why, in Campaign’s words.' })
  readonly message: string;

  constructor(mappingId: string, reason: DomainMappingRefusal, message: string) {
    this.mappingId = mappingId;
    this.reason = reason;
    this.message = message;
  }
}

@ObjectType({ description: 'The job was cancelled and its batch abandoned.' })
export class JobCancelled {
  @Field(() => Job, { description: 'Its final state.' })
  readonly job: Job;

  constructor(job: Job) {
    this.job = job;
  }
}

@ObjectType({ description: 'The job continues, or has already ended.' })
export class JobChangeRefused {
  @Field(() => ID)
  readonly jobId: string;

  @Field(() => JobRefusal)
  readonly reason: DomainJobRefusal;

  @Field({ description: 'Why, in Campaign’s words.' })
  readonly message: string;

  constructor(jobId: string, reason: DomainJobRefusal, message: string) {
    this.jobId = jobId;
    this.reason = reason;
    this.message = message;
  }
}

/** The possible outcomes of changing a mapping. */
export const MappingChange = createUnionType({
  name: 'MappingChange',
  description: 'The outcome of a change to a mapping.',
  types: () => [MappingChanged, MappingChangeRefused] as const,
});

/** The possible outcomes of changing a job. */
export const JobChange = createUnionType({
  name: 'JobChange',
  description: 'The outcome of a change to a job.',
  types: () => [JobCancelled, JobChangeRefused] as const,
});
