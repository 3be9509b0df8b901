import { Field, InputType } from 'type-graphql';
import { ID } from './scalars.js';

@InputType({
  description: 'Which mappings a page is to have; what is left out does not narrow it.',
})
export class MappingFilter {
  @Field(() => [ID], { nullable: true, description: 'These, at most 100.' })
  readonly mappingIds?: string[] | null;
}
