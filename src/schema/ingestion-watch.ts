import { Field, Int, ObjectType } from 'type-graphql';
import type { WatchReport } from '../ingestion/ports.js';
import { DateTime } from './scalars.js';

@ObjectType({ description: 'The last failed poll since the last good one.' })
export class WatchFailure {
  @Field({ description: 'One of the codes of this API’s errors, such as `UPSTREAM_TIMEOUT`.' })
  readonly code!: string;

  @Field()
  readonly message!: string;

  @Field(() => DateTime)
  readonly at!: Date;
}

@ObjectType({
  description:
    'The state of the poll loop, so that a client can tell “still running” from “the upstream does not answer”. A failed poll never changes the status of a request.',
})
export class IngestionWatch {
  @Field(() => DateTime, {
    nullable: true,
    description: 'When a poll last ended, well or not; null before the first.',
  })
  readonly lastPolledAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Null while a poll is under way.' })
  readonly nextPollAt!: Date | null;

  @Field(() => Int, { description: 'How many polls in a row have failed; 0 when all is well.' })
  readonly consecutiveFailures!: number;

  @Field(() => WatchFailure, {
    nullable: true,
    description: 'Code and text of the last failed poll since the last good one.',
  })
  readonly lastFailure!: WatchFailure | null;
}

/** The loop’s report as clients see it. */
export function toIngestionWatch(report: WatchReport): IngestionWatch {
  const { lastPolledAt, nextPollAt, consecutiveFailures, lastFailure } = report;
  return {
    lastPolledAt: lastPolledAt === null ? null : new Date(lastPolledAt),
    nextPollAt: nextPollAt === null ? null : new Date(nextPollAt),
    consecutiveFailures,
    lastFailure: lastFailure && { ...lastFailure, at: new Date(lastFailure.at) },
  };
}
