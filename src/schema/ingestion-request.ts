import { Field, ObjectType } from 'type-graphql';
import { toIngestionFailure } from '../ingestion/ingestion-failure.js';
import {
  type IngestionStatus as DomainStatus,
  type IngestionRecord,
  isTerminal,
  type RequestRef,
} from '../ingestion/ingestion-request.js';
import { createConnection } from './connection.js';
import { toGlobalId } from './global-id.js';
import { IngestionFailure } from './ingestion-failure.js';
import { IngestionStatus } from './ingestion-status.js';
import { Node } from './node.js';
import { DateTime, ID, SafeInt } from './scalars.js';

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
