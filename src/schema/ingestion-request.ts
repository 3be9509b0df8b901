import { Field, InputType, ObjectType } from 'type-graphql';
import { toIngestionFailure } from '../ingestion/ingestion-failure.js';
import {
  type IngestionStatus as DomainStatus,
  type IngestionRecord,
  isTerminal,
  type RequestRef,
} from '../ingestion/ingestion-request.js';
import { createConnection } from './connection.js';
import { createEnum } from './enum.js';
import { toGlobalId } from './global-id.js';
import { IngestionFailure } from './ingestion-failure.js';
import { Node } from './node.js';
import { DateTime, ID, SafeInt } from './scalars.js';

/** The domain's statuses. */
export const IngestionStatus = createEnum<DomainStatus>(
  'IngestionStatus',
  'The status of an ingestion request. All but IN_PROGRESS are terminal.',
  {
    IN_PROGRESS: 'A batch is being prepared or uploaded.',
    SUCCESS: 'Everything was ingested; `numRecords` says how many records.',
    FAILED: 'It ended in an error; `failure` says which.',
    ABORTED:
      'The ingestion service itself gave up, perhaps after ingesting some records. You may submit a new request.',
  },
);

@ObjectType({
  implements: Node,
  description: 'One ingestion of one mapping, as this gateway has observed it.',
})
export class IngestionRequest extends Node {
  /** What the fields that are resolved elsewhere need. */
  readonly ref: RequestRef;
  readonly changedAt: number;

  @Field(() => ID)
  readonly mappingId: string;

  @Field(() => ID, { description: 'The upstream’s own id, with all its digits.' })
  readonly requestId: string;

  @Field(() => IngestionStatus)
  readonly status: DomainStatus;

  @Field({ description: 'Whether the status is final.' })
  readonly isTerminal: boolean;

  @Field(() => SafeInt, {
    nullable: true,
    description:
      'Records ingested. Null unless the status is SUCCESS, or if the upstream didn’t say how many.',
  })
  readonly numRecords: number | null;

  @Field(() => ID, {
    nullable: true,
    description: 'Null if the upstream names none.',
  })
  readonly batchId: string | null;

  @Field({ description: 'The upstream’s text, verbatim.' })
  readonly info: string;

  @Field(() => IngestionFailure, {
    nullable: true,
    description: 'Why it FAILED or was ABORTED; null otherwise.',
  })
  readonly failure: IngestionFailure | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When it was started through this gateway; null if it was started elsewhere.',
  })
  readonly startedAt: Date | null;

  @Field(() => DateTime)
  readonly firstObservedAt: Date;

  @Field(() => DateTime, {
    nullable: true,
    description:
      'When a terminal status was first observed. If the clock was set back meanwhile: the latest time known before.',
  })
  readonly finishedAt: Date | null;

  constructor({ ref, state, startedAt, firstObservedAt, changedAt }: IngestionRecord) {
    super(toGlobalId({ kind: 'IngestionRequest', ref }));
    this.ref = ref;
    this.changedAt = changedAt;
    this.mappingId = ref.mappingId;
    this.requestId = ref.requestId;
    this.status = state.status;
    this.isTerminal = isTerminal(state.status);
    this.numRecords = state.status === 'SUCCESS' ? state.numRecords : null;
    this.batchId = state.batchId;
    this.info = state.info;
    this.failure = toIngestionFailure(state, ref.mappingId);
    this.startedAt = startedAt === null ? null : new Date(startedAt);
    this.firstObservedAt = new Date(firstObservedAt);
    const finishedAt = Math.max(changedAt, firstObservedAt, startedAt ?? firstObservedAt);
    this.finishedAt = this.isTerminal ? new Date(finishedAt) : null;
  }
}

/** Pages of them. */
export const IngestionRequestConnection = createConnection(
  'IngestionRequest',
  IngestionRequest,
  'A request in a page, with its cursor.',
  'A page of requests, newest first.',
);

@InputType({
  description: 'Which requests to list. Conditions that are left out don’t narrow the list.',
})
export class IngestionRequestFilter {
  @Field(() => [ID], { nullable: true, description: 'Of these mappings, 1 to 100.' })
  readonly mappingIds?: string[] | null;

  @Field(() => [IngestionStatus], {
    nullable: true,
    description: 'With one of these statuses. Must not be empty.',
  })
  readonly statuses?: DomainStatus[] | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'First observed at this instant or later.',
  })
  readonly observedAfter?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'First observed before this instant.' })
  readonly observedBefore?: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Started through this gateway by this caller, as `startedBy` names it.',
  })
  readonly startedBy?: string | null;
}
