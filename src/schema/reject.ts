import { Field, ObjectType } from 'type-graphql';
import { PageInfo } from './page-info.js';
import { Cursor } from './scalars.js';

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

@ObjectType({ description: 'A reject in a page, with its cursor.' })
export class RejectEdge {
  @Field(() => Cursor)
  readonly cursor!: string;

  @Field(() => Reject)
  readonly node!: Reject;
}

@ObjectType({ description: 'A page of rejects, in the order in which they were read.' })
export class RejectConnection {
  @Field(() => [RejectEdge])
  readonly edges!: RejectEdge[];

  @Field(() => [Reject])
  readonly nodes!: Reject[];

  @Field(() => PageInfo)
  readonly pageInfo!: PageInfo;
}
