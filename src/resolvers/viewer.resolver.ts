import { Ctx, Query, Resolver } from 'type-graphql';
import { Viewer } from '../schema/viewer.js';
import type { OperationContext } from './operation-context.js';

/** Tells callers who they are: a page offers what they may do, and nothing else. */
@Resolver()
export class ViewerResolver {
  @Query(() => Viewer, { description: 'Who asks. It needs no right.' })
  viewer(@Ctx() { caller: { name, rights } }: OperationContext): Viewer {
    return { name, rights };
  }
}
