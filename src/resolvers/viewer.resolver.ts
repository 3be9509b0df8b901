import { Ctx, Query, Resolver } from 'type-graphql';
import { Viewer } from '../schema/viewer.js';
import type { OperationContext } from './operation-context.js';

/** Tells callers who they are, so that a page can offer only what they may do. */
@Resolver()
export class ViewerResolver {
  @Query(() => Viewer, { description: 'The caller. It needs no right.' })
  viewer(@Ctx() { caller: { name, rights } }: OperationContext): Viewer {
    return { name, rights };
  }
}
