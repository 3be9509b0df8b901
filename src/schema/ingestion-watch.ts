import { Field, Int, ObjectType } from 'type-graphql';
import type { WatchEnd as DomainWatchEnd, WatchReport } from '../ingestion/ports.js';
import { createEnum } from './enum.js';
import { ErrorCode, toErrorCode } from './error-code.js';
import { IngestionRequest } from './ingestion-request.js';
import { DateTime } from './scalars.js';

@ObjectType({ description: 'The last failed poll since the last successful one.' })
export class WatchFailure {
  @Field(() => ErrorCode)
  readonly code!: ErrorCode;

  @Field({ description: 'What went wrong, in words.' })
  readonly message!: string;

  @Field(() => DateTime)
  readonly at!: Date;
}

/** Why a request is no longer watched, as the API names it. */
export const WatchEnd = createEnum<DomainWatchEnd>(
  'WatchEnd',
  'Why a request is no longer watched although it isn’t terminal.',
  {
    FORGOTTEN_UPSTREAM: 'For an hour the upstream has said that it knows no such request.',
    ENDED_BY_OPERATOR: 'An operator ended it with `endWatch`.',
  },
);

@ObjectType({
  description:
    'How the gateway polls a request, so that a client can tell “still running” from “the upstream does not answer”. A failed poll never changes the status of a request.',
})
export class IngestionWatch {
  @Field(() => DateTime, {
    nullable: true,
    description: 'When a poll last ended, successfully or not; null before the first.',
  })
  readonly lastPolledAt!: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Null while a poll is in progress, and if the watch has ended.',
  })
  readonly nextPollAt!: Date | null;

  @Field(() => Int, { description: 'How many polls in a row have failed.' })
  readonly consecutiveFailures!: number;

  @Field(() => WatchFailure, {
    nullable: true,
    description: 'The last failed poll since the last successful one.',
  })
  readonly lastFailure!: WatchFailure | null;

  @Field(() => WatchEnd, {
    nullable: true,
    description:
      'Why it is no longer watched although it isn’t terminal; null while it is watched. The watch resumes when someone subscribes to it, or asks for its status and the upstream answers.',
  })
  readonly endedBecause!: DomainWatchEnd | null;
}

/** The watch report as clients see it. */
export function toIngestionWatch(report: WatchReport): IngestionWatch {
  const { lastPolledAt, nextPollAt, consecutiveFailures, lastFailure, endedBecause } = report;
  return {
    lastPolledAt: lastPolledAt === null ? null : new Date(lastPolledAt),
    nextPollAt: nextPollAt === null ? null : new Date(nextPollAt),
    consecutiveFailures,
    lastFailure: lastFailure && {
      code: toErrorCode(lastFailure.code),
      message: lastFailure.message,
      at: new Date(lastFailure.at),
    },
    endedBecause,
  };
}

@ObjectType({ description: 'The outcome of `endWatch`.' })
export class EndWatchResult {
  @Field(() => IngestionRequest, { description: 'The request. Its status doesn’t change.' })
  readonly request!: IngestionRequest;

  @Field({
    description: 'False if it was not watched: it is terminal, or its watch had ended before.',
  })
  readonly wasWatched!: boolean;
}
