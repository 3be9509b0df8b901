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
  description: 'Whether a mapping is published: one that is not is run by nobody.',
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
  description: 'Who runs a mapping that is published.',
  valuesConfig: {
    STARTED: { description: 'The scheduler; then `startIngestion` is refused.' },
    STOPPED: { description: 'Whoever calls `startIngestion`.' },
  },
});

@ObjectType({ description: 'Where a mapping stands in Campaign.' })
export class MappingAdministration {
  @Field(() => MappingPublication)
  readonly publication!: MappingPublication;

  @Field(() => MappingExecution)
  readonly execution!: MappingExecution;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the scheduler runs it next; null while it is stopped.',
  })
  readonly nextRunAt!: Date | null;

  @Field(() => SafeInt, { description: 'From one scheduled run to the next, in ms.' })
  readonly runIntervalMs!: number;

  @Field(() => String, {
    nullable: true,
    description:
      'Up to where everything was accepted, in words of its source; null where the next run sends everything.',
  })
  readonly watermark!: string | null;

  @Field(() => Job, { nullable: true, description: 'The job that runs it now.' })
  readonly runningJob!: Job | null;

  @Field(() => Job, { nullable: true, description: 'The newest one, whether it runs or is over.' })
  readonly lastJob!: Job | null;
}

/** Where a mapping stands, as clients see it. */
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
