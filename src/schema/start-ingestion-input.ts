import { Field, InputType, Int } from 'type-graphql';
import { ID } from './scalars.js';

@InputType({ description: 'Which mapping to ingest, and how.' })
export class StartIngestionInput {
  @Field(() => ID, { description: 'The XDM mapping’s id, 1 to 255 characters.' })
  readonly mappingId!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'A name for this start, 1 to 255 characters. Repeating a key (per caller, kept 24 h) returns the first call’s outcome again and starts nothing; with another input it is `BAD_USER_INPUT`. A first call that certainly started nothing (`outcomeUnknown: false`) leaves its key free. If the first call’s outcome is unknown, a repeat checks what this gateway has seen of the mapping since: it returns the request if that settles it, and otherwise another `StartIngestionError` with `outcomeUnknown: true`.',
  })
  readonly idempotencyKey?: string | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 0,
    description:
      'How many times a new request may be submitted when one is ABORTED, each after a pause. 0 to 5. Follow it with `retriedBy`.',
  })
  readonly retryOnAbort!: number | null;
}
