import { Arg, Args, Authorized, Ctx, Int, Query, Resolver } from 'type-graphql';
import { mayRead, type Right } from '../ingestion/caller.js';
import { BadUserInputError, CursorInvalidError } from '../ingestion/gateway-error.js';
import type { RequestRef } from '../ingestion/ingestion-request.js';
import {
  ingestionStatus,
  recallStatus,
  type StatusSources,
} from '../ingestion/ingestion-status.js';
import type { IngestionLog } from '../ingestion/ports.js';
import { parseRequestRef } from '../ingestion/request-ref.js';
import { type GlobalId, parseGlobalId } from '../schema/global-id.js';
import { IngestionRequest } from '../schema/ingestion-request.js';
import { IngestionRequestRef, parseRequestArguments } from '../schema/ingestion-request-ref.js';
import { IngestionTransition } from '../schema/ingestion-transition.js';
import { Node } from '../schema/node.js';
import { ID } from '../schema/scalars.js';
import type { JobResolver } from './job.resolver.js';
import type { MappingResolver } from './mapping.resolver.js';
import { neverReusable, type OperationContext } from './operation-context.js';

const MAX_REFS = 100;

const MAX_NODES = 100;

/** The pull path: statuses of requests. */
@Resolver()
export class IngestionStatusResolver {
  constructor(
    private readonly domain: StatusSources & { readonly log: Pick<IngestionLog, 'recall'> },
    private readonly log: Pick<IngestionLog, 'read' | 'parseCursor'>,
    private readonly mappings: Pick<MappingResolver, 'mapping'>,
    private readonly jobs: Pick<JobResolver, 'find'>,
  ) {}

  @Authorized<Right>('ingestion:read')
  @Query(() => IngestionRequest, {
    nullable: true,
    description:
      'The status of a request. Name it by its `id`, or by `mappingId` and `requestId`. Null if the upstream knows no such request, or the caller may not see its mapping. Never older than `maxAgeMs` until it is terminal. A terminal request is answered without asking the upstream. If the upstream cannot be asked, this is an `UPSTREAM_…` error; a larger `maxAgeMs`, or `node`, still gives the last observed status. A request that the upstream did not know is not asked about again for 3 seconds, whatever `maxAgeMs` says.',
  })
  ingestionStatus(
    @Args(() => IngestionRequestRef) request: IngestionRequestRef,
    @Arg('maxAgeMs', () => Int, {
      nullable: true,
      description: 'In milliseconds. By default `POLL_MAX_MS`.',
    })
    maxAgeMs: number | null,
    @Ctx() context: OperationContext,
  ): Promise<IngestionRequest | null> {
    if (maxAgeMs != null && maxAgeMs < 0) {
      throw new BadUserInputError(`maxAgeMs must be 0 or more; this is ${maxAgeMs}.`);
    }
    const ref = parseRequestArguments(request);
    return this.#status(ref, maxAgeMs ?? null, context);
  }

  @Authorized<Right>('ingestion:read')
  @Query(() => [IngestionRequest], {
    nullable: 'items',
    description:
      'Like `ingestionStatus`, for each request, in the same order. A request that can’t be answered is null and has its own error.',
  })
  ingestionStatuses(
    @Arg('requests', () => [IngestionRequestRef], { description: 'At most 100.' })
    requests: IngestionRequestRef[],
    @Ctx() context: OperationContext,
  ): Promise<IngestionRequest | null>[] {
    if (requests.length > MAX_REFS) {
      throw new BadUserInputError(
        `requests must have at most ${MAX_REFS} items; these are ${requests.length}.`,
      );
    }
    return requests.map(parseRequestArguments).map((ref) => this.#status(ref, null, context));
  }

  @Authorized<Right>('ingestion:read')
  @Query(() => Node, {
    nullable: true,
    description:
      'The object with this global id, as last observed. The upstream is asked only about what this gateway hasn’t seen yet. Null if there is no such object, or the caller may not see it.',
  })
  async node(
    @Arg('id', () => ID, { description: 'A global id.' }) id: string,
    @Ctx() context: OperationContext,
  ): Promise<Node | null> {
    return this.#node(id, context);
  }

  @Authorized<Right>('ingestion:read')
  @Query(() => [Node], {
    nullable: 'items',
    description:
      'Like `node`, for each id, in the same order. An id that can’t be answered is null and has its own error.',
  })
  nodes(
    @Arg('ids', () => [ID], { description: 'Global ids, at most 100.' }) ids: string[],
    @Ctx() context: OperationContext,
  ): Promise<Node | null>[] {
    if (ids.length > MAX_NODES) {
      throw new BadUserInputError(
        `ids must have at most ${MAX_NODES} items; these are ${ids.length}.`,
      );
    }
    return ids.map((id) => this.#node(id, context));
  }

  /** Also null for an id that nobody was given: it may name what can't exist. */
  async #node(id: string, context: OperationContext): Promise<Node | null> {
    const named = parseGlobalId(id);
    if (named && named.kind !== 'IngestionRequest') context.sharing.conditions.push(neverReusable);
    try {
      return named && (await this.#find(named, context));
    } catch (error) {
      if (error instanceof BadUserInputError) return null;
      throw error;
    }
  }

  async #find(named: GlobalId, context: OperationContext): Promise<Node | null> {
    switch (named.kind) {
      case 'IngestionRequest':
        return this.#status(parseRequestRef(named.ref), Number.POSITIVE_INFINITY, context);
      case 'IngestionTransition':
        return this.#transition(named.cursor, context);
      case 'Job':
        return this.jobs.find(named.jobId, context);
      case 'Mapping':
        return this.mappings.mapping(named.mappingId, context);
    }
  }

  /** Also null if it was forgotten, and if the cursor belongs to no log or to another one. */
  async #transition(
    cursor: string,
    { caller }: OperationContext,
  ): Promise<IngestionTransition | null> {
    try {
      const position = await this.log.parseCursor(cursor);
      const [transition] = await this.log.read({ kind: 'all' }, position - 1, 1);
      if (transition?.position !== position || !mayRead(caller, transition.ref.mappingId)) {
        return null;
      }
      return new IngestionTransition(transition, cursor);
    } catch (error) {
      if (error instanceof CursorInvalidError) return null;
      throw error;
    }
  }

  async #status(
    ref: RequestRef,
    maxAgeMs: number | null,
    { caller, callerKey, requests, sharing }: OperationContext,
  ): Promise<IngestionRequest | null> {
    // The upstream is not asked either, because the response time would reveal the request.
    if (!mayRead(caller, ref.mappingId)) return null;
    let known = await requests.load(ref);
    // It was first observed while the log was being read, so that observation may be young enough.
    if (!known && (await this.domain.watches.report(ref))) {
      known = await requests.clear(ref).load(ref);
    }
    const record = await ingestionStatus(this.domain, ref, known, { maxAgeMs, caller: callerKey });
    const isStillSo = () =>
      recallStatus(this.domain, ref, this.domain.log.recall(ref), maxAgeMs) === record;
    sharing.conditions.push(record ? isStillSo : neverReusable);
    return record && new IngestionRequest(record);
  }
}
