import { Arg, Authorized, Ctx, Int, Query, Resolver } from 'type-graphql';
import { mayRead, type Right } from '../ingestion/caller.js';
import { BadUserInputError } from '../ingestion/gateway-error.js';
import type { RequestRef } from '../ingestion/ingestion-request.js';
import {
  ingestionStatus,
  recallStatus,
  type StatusSources,
} from '../ingestion/ingestion-status.js';
import type { IngestionLog } from '../ingestion/ports.js';
import { parseRequestRef } from '../ingestion/request-ref.js';
import { parseGlobalId } from '../schema/global-id.js';
import { IngestionRequest } from '../schema/ingestion-request.js';
import { IngestionRequestRef } from '../schema/ingestion-request-ref.js';
import { Node } from '../schema/node.js';
import { ID } from '../schema/scalars.js';
import type { MappingResolver } from './mapping.resolver.js';
import { never, type OperationContext } from './operation-context.js';

const MAX_REFS = 100;

/** The pull path: where requests stand. */
@Resolver()
export class IngestionStatusResolver {
  constructor(
    private readonly domain: StatusSources & { readonly log: Pick<IngestionLog, 'recall'> },
    private readonly mappings: Pick<MappingResolver, 'mapping'>,
  ) {}

  @Authorized<Right>('ingestion:read')
  @Query(() => IngestionRequest, {
    nullable: true,
    description:
      'Null where the upstream knows no such request, or the caller may not see its mapping. Never older than `maxAgeMs` (milliseconds) while it is not terminal; by default the poll interval in force, and `POLL_MAX_MS` at most. A terminal request is answered without asking the upstream. Where the upstream cannot be asked, this is an `UPSTREAM_…` error: a larger `maxAgeMs`, or `node`, still gives what was last observed. A request that the upstream did not know is not asked about again for 3 seconds, whatever `maxAgeMs` says.',
  })
  ingestionStatus(
    @Arg('mappingId', () => ID) mappingId: string,
    @Arg('requestId', () => ID) requestId: string,
    @Arg('maxAgeMs', () => Int, { nullable: true }) maxAgeMs: number | null,
    @Ctx() context: OperationContext,
  ): Promise<IngestionRequest | null> {
    if (maxAgeMs != null && maxAgeMs < 0) {
      throw new BadUserInputError(`maxAgeMs must be 0 or more; this is ${maxAgeMs}.`);
    }
    return this.#status(parseRequestRef({ mappingId, requestId }), maxAgeMs ?? null, context);
  }

  @Authorized<Right>('ingestion:read')
  @Query(() => [IngestionRequest], {
    nullable: 'items',
    description:
      'As `ingestionStatus` for each; same order and length as asked; at most 100. Where one cannot be answered it is null and has an error of its own.',
  })
  ingestionStatuses(
    @Arg('requests', () => [IngestionRequestRef]) requests: IngestionRequestRef[],
    @Ctx() context: OperationContext,
  ): Promise<IngestionRequest | null>[] {
    if (requests.length > MAX_REFS) {
      throw new BadUserInputError(
        `requests must have at most ${MAX_REFS} items; these are ${requests.length}.`,
      );
    }
    return requests.map(parseRequestRef).map((ref) => this.#status(ref, null, context));
  }

  @Authorized<Right>('ingestion:read')
  @Query(() => Node, {
    nullable: true,
    description:
      'What has this global id, as last observed (the upstream is asked only about what this gateway has not seen yet). Null where there is no such thing, or the caller may not see it.',
  })
  async node(
    @Arg('id', () => ID) id: string,
    @Ctx() context: OperationContext,
  ): Promise<Node | null> {
    const named = parseGlobalId(id);
    switch (named?.kind) {
      case 'IngestionRequest':
        return this.#status(parseRequestRef(named.ref), Number.POSITIVE_INFINITY, context);
      case 'Mapping':
        context.sharing.conditions.push(never);
        return this.mappings.mapping(named.mappingId, context);
      case undefined:
        return null;
    }
  }

  async #status(
    ref: RequestRef,
    maxAgeMs: number | null,
    { caller, callerKey, requests, sharing }: OperationContext,
  ): Promise<IngestionRequest | null> {
    // The upstream is not asked either: the time that takes would tell.
    if (!mayRead(caller, ref.mappingId)) return null;
    let known = await requests.load(ref);
    // It was observed first while the log was being asked: what is there by now may be young enough.
    if (!known && (await this.domain.watches.report(ref))) {
      known = await requests.clear(ref).load(ref);
    }
    const record = await ingestionStatus(this.domain, ref, known, { maxAgeMs, caller: callerKey });
    const isStillSo = () =>
      recallStatus(this.domain, ref, this.domain.log.recall(ref), maxAgeMs) === record;
    sharing.conditions.push(record ? isStillSo : never);
    return record && new IngestionRequest(record);
  }
}
