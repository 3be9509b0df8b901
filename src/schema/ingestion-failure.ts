import { Field, ObjectType } from 'type-graphql';

@ObjectType({
  description: 'Why a request FAILED or was ABORTED, taken from the upstream’s text.',
})
export class IngestionFailure {
  @Field(() => String, {
    nullable: true,
    description:
      'The ACP code in the upstream’s text, such as `ACP-880056`; null if there is none.',
  })
  readonly code!: string | null;

  @Field({ description: 'The upstream’s text without the mapping id and the code.' })
  readonly message!: string;

  @Field({ description: 'Whether submitting a new request may help.' })
  readonly isRetryable!: boolean;
}
