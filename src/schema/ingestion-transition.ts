import { Field, InputType, ObjectType } from 'type-graphql';
import { toIngestionFailure } from '../ingestion/ingestion-failure.js';
import type {
  IngestionStatus as DomainStatus,
  RequestRef,
} from '../ingestion/ingestion-request.js';
import type { Transition } from '../ingestion/transition.js';
import { createConnection } from './connection.js';
import { toGlobalId } from './global-id.js';
import { IngestionFailure } from './ingestion-failure.js';
import { IngestionStatus } from './ingestion-request.js';
import { Node } from './node.js';
import { Cursor, DateTime, ID, SafeInt } from './scalars.js';

@ObjectType({
  implements: Node,
  description: 'An observed change of status. Each is delivered once to a subscriber, in order.',
})
export class IngestionTransition extends Node {
  /** What `request` is looked up by. */
  readonly ref: RequestRef;

  @Field(() => Cursor, {
    description: 'Its place in the log. Subscribe with it as `after` to resume after it.',
  })
  readonly cursor: string;

  @Field(() => IngestionStatus, {
    nullable: true,
    description: 'Null for the first observation.',
  })
  readonly from: DomainStatus | null;

  @Field(() => IngestionStatus)
  readonly to: DomainStatus;

  @Field(() => DateTime)
  readonly observedAt: Date;

  @Field(() => SafeInt, {
    nullable: true,
    description: 'Null unless `to` is SUCCESS, or if the upstream didn’t say how many.',
  })
  readonly numRecords: number | null;

  @Field(() => ID, { nullable: true })
  readonly batchId: string | null;

  @Field({ description: 'The upstream’s text, verbatim.' })
  readonly info: string;

  @Field(() => IngestionFailure, { nullable: true })
  readonly failure: IngestionFailure | null;

  constructor({ ref, from, to, observedAt }: Transition, cursor: string) {
    super(toGlobalId({ kind: 'IngestionTransition', cursor }));
    this.ref = ref;
    this.cursor = cursor;
    this.from = from;
    this.to = to.status;
    this.observedAt = new Date(observedAt);
    this.numRecords = to.status === 'SUCCESS' ? to.numRecords : null;
    this.batchId = to.batchId;
    this.info = to.info;
    this.failure = toIngestionFailure(to, ref.mappingId);
  }
}

/** Pages of them. */
export const IngestionTransitionConnection = createConnection(
  'IngestionTransition',
  IngestionTransition,
  'A transition in a page, with its cursor.',
  'A page of transitions, oldest first.',
);

@InputType({
  description:
    'Which transitions to deliver. Conditions that are left out don’t narrow the subscription.',
})
export class IngestionActivityFilter {
  @Field(() => [ID], { nullable: true, description: 'Of these mappings, 1 to 100.' })
  readonly mappingIds?: string[] | null;

  @Field(() => [IngestionStatus], {
    nullable: true,
    description: 'To one of these statuses. Must not be empty.',
  })
  readonly statuses?: DomainStatus[] | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Of requests started through this gateway by this caller, as `startedBy` names it.',
  })
  readonly startedBy?: string | null;
}
