import { Field, ObjectType } from 'type-graphql';
import type { AdministeredMapping } from '../ingestion/administration.js';
import { createEnum } from './enum.js';
import { Job } from './job.js';
import { DateTime, SafeInt } from './scalars.js';

/** Whether a mapping is published. */
export const MappingPublication = createEnum(
  'MappingPublication',
  'Whether a mapping is published. Only published mappings run.',
  {
    PUBLISHED: 'It may be run.',
    UNPUBLISHED: 'It must be published first.',
  },
);

/** Whether a mapping is started. */
export const MappingExecution = createEnum('MappingExecution', 'What runs a published mapping.', {
  STARTED: 'The scheduler runs it, and `startIngestion` is refused.',
  STOPPED: 'It runs when someone calls `startIngestion`.',
});

@ObjectType({ description: 'A mapping’s state in Campaign.' })
export class MappingAdministration {
  @Field(() => MappingPublication)
  readonly publication!: keyof typeof MappingPublication;

  @Field(() => MappingExecution)
  readonly execution!: keyof typeof MappingExecution;

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
    publication: mapping.isPublished ? 'PUBLISHED' : 'UNPUBLISHED',
    execution: mapping.isStarted ? 'STARTED' : 'STOPPED',
    nextRunAt: mapping.nextRunAt === null ? null : new Date(mapping.nextRunAt),
    runIntervalMs: mapping.runIntervalMs,
    watermark: mapping.watermark,
    runningJob: lastJob?.endedAt === null ? lastJob : null,
    lastJob,
  };
}
