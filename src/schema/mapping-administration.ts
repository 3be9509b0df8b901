import { Field, ObjectType, registerEnumType } from 'type-graphql';
import type { AdministeredMapping } from '../ingestion/administration.js';
import { Job } from './job.js';
import { DateTime, SafeInt } from './scalars.js';

/** Whether a mapping is published. */
export enum MappingPublication {
  PUBLISHED = 'PUBLISHED',
  UNPUBLISHED = 'UNPUBLISHED',
}

registerEnumType(MappingPublication, {
  name: 'MappingPublication',
  description: 'Whether a mapping is published. Only published mappings run.',
  valuesConfig: {
    PUBLISHED: { description: 'It may be run.' },
    UNPUBLISHED: { description: 'It must be published first.' },
  },
});

/** Whether a mapping is started. */
export enum MappingExecution {
  STARTED = 'STARTED',
  STOPPED = 'STOPPED',
}

registerEnumType(MappingExecution, {
  name: 'MappingExecution',
  description: 'What runs a published mapping.',
  valuesConfig: {
    STARTED: { description: 'The scheduler runs it, and `startIngestion` is refused.' },
    STOPPED: { description: 'It runs when someone calls `startIngestion`.' },
  },
});

@ObjectType({ description: 'A mapping’s state in Campaign.' })
export class MappingAdministration {
  @Field(() => MappingPublication)
  readonly publication!: MappingPublication;

  @Field(() => MappingExecution)
  readonly execution!: MappingExecution;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the scheduler will run it next; null while it is stopped.',
  })
  readonly nextRunAt!: Date | null;

  @Field(() => SafeInt, { description: 'The time between two scheduled runs, in ms.' })
  readonly runIntervalMs!: number;

  @Field(() => String, {
    nullable: true,
    description:
      'How far it has been ingested, as a value of its change marker. Null if the next run sends everything.',
  })
  readonly watermark!: string | null;

  @Field(() => Job, { nullable: true, description: 'The job that is running it now.' })
  readonly runningJob!: Job | null;

  @Field(() => Job, { nullable: true, description: 'The newest job, running or ended.' })
  readonly lastJob!: Job | null;
}

/** The state of a mapping as clients see it. */
export function toMappingAdministration(mapping: AdministeredMapping): MappingAdministration {
  const lastJob = mapping.lastJob && new Job(mapping.lastJob);
  return {
    publication: mapping.isPublished
      ? MappingPublication.PUBLISHED
      : MappingPublication.UNPUBLISHED,
    execution: mapping.isStarted ? MappingExecution.STARTED : MappingExecution.STOPPED,
    nextRunAt: mapping.nextRunAt === null ? null : new Date(mapping.nextRunAt),
    runIntervalMs: mapping.runIntervalMs,
    watermark: mapping.watermark,
    runningJob: lastJob?.endedAt === null ? lastJob : null,
    lastJob,
  };
}
