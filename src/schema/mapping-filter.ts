import { Field, InputType } from 'type-graphql';
import { ID } from './scalars.js';

@InputType({
  description: 'Which mappings to list. Conditions that are left out don’t narrow the list.',
})
export class MappingFilter {
  @Field(() => [ID], { nullable: true, description: 'These, 1 to 100.' })
  readonly mappingIds?: string[] | null;
}
