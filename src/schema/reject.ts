import { Field, ObjectType } from 'type-graphql';
import { createConnection } from './connection.js';

@ObjectType({
  description:
    'A record that a job did not send. Its content is not shown, because it is personal data.',
})
export class Reject {
  @Field({ description: 'Where it is: a line of a file, or the key of a row.' })
  readonly place!: string;

  @Field(() => String, { nullable: true, description: 'Null if its key could not be read.' })
  readonly key!: string | null;

  @Field({ description: 'What is wrong with it, and in which column.' })
  readonly reason!: string;
}

/** Pages of them. */
export const RejectConnection = createConnection(
  'Reject',
  Reject,
  'A reject in a page, with its cursor.',
  'A page of rejects, in the order in which they were read.',
);
