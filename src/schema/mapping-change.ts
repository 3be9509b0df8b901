import { createUnionType, Field, InputType, ObjectType, registerEnumType } from 'type-graphql';
import type {
  JobRefusal as DomainJobRefusal,
  MappingRefusal as DomainMappingRefusal,
} from '../ingestion/administration.js';
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

/** The domain's refusals as an object, because TypeGraphQL can't register a union of strings. */
export const MappingRefusal = {
  UNKNOWN_MAPPING: 'UNKNOWN_MAPPING',
  ALREADY_PUBLISHED: 'ALREADY_PUBLISHED',
  NOT_PUBLISHED: 'NOT_PUBLISHED',
  ALREADY_STARTED: 'ALREADY_STARTED',
  ALREADY_STOPPED: 'ALREADY_STOPPED',
  JOB_RUNNING: 'JOB_RUNNING',
} as const satisfies { [Refusal in DomainMappingRefusal]: Refusal };

registerEnumType(MappingRefusal, {
  name: 'MappingRefusal',
  description: 'Why a mapping was not changed.',
  valuesConfig: {
    UNKNOWN_MAPPING: { description: 'Campaign has no such mapping.' },
    ALREADY_PUBLISHED: { description: 'Unpublish it before you publish it again.' },
    NOT_PUBLISHED: { description: 'Publish it, which also starts it.' },
    ALREADY_STARTED: { description: 'The scheduler is already running it.' },
    ALREADY_STOPPED: { description: 'It is stopped already.' },
    JOB_RUNNING: { description: 'A job is running: wait for it to end, or cancel it.' },
  },
});

/** Like {@link MappingRefusal}, for jobs. */
export const JobRefusal = {
  UNKNOWN_JOB: 'UNKNOWN_JOB',
  JOB_OVER: 'JOB_OVER',
  BATCH_WHOLE: 'BATCH_WHOLE',
} as const satisfies { [Refusal in DomainJobRefusal]: Refusal };

registerEnumType(JobRefusal, {
  name: 'JobRefusal',
  description: 'Why a job was not cancelled.',
  valuesConfig: {
    UNKNOWN_JOB: { description: 'No such job, or the caller may not see its mapping.' },
    JOB_OVER: { description: 'It has ended.' },
    BATCH_WHOLE: { description: 'Platform has the whole batch and will decide.' },
  },
});

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
