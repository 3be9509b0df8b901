import { Field, ObjectType } from 'type-graphql';
import { IngestionRequest } from './ingestion-request.js';
import { PageInfo } from './page-info.js';
import { Cursor } from './scalars.js';

@ObjectType({ description: 'A request in a page, with its cursor.' })
export class IngestionRequestEdge {
  @Field(() => Cursor)
  readonly cursor!: string;

  @Field(() => IngestionRequest)
  readonly node!: IngestionRequest;
}

@ObjectType({ description: 'A page of requests, newest first.' })
export class IngestionRequestConnection {
  @Field(() => [IngestionRequestEdge])
  readonly edges!: IngestionRequestEdge[];

  @Field(() => [IngestionRequest])
  readonly nodes!: IngestionRequest[];

  @Field(() => PageInfo)
  readonly pageInfo!: PageInfo;
}
