import { Field, InterfaceType } from 'type-graphql';
import { ID } from './scalars.js';

@InterfaceType({
  description: 'Anything with a global id. `node` finds it again by that id.',
})
export abstract class Node {
  @Field(() => ID, { description: 'Global id. It never changes.' })
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }
}
