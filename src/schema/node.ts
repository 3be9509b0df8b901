import { Field, InterfaceType } from 'type-graphql';
import { ID } from './scalars.js';

@InterfaceType({
  description: 'Whatever has a global id, by which `node` finds it again.',
})
export abstract class Node {
  @Field(() => ID, { description: 'Global id, stable for ever.' })
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }
}
