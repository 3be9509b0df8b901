import { Arg, Authorized, Ctx, FieldResolver, Int, Query, Resolver, Root } from 'type-graphql';
import { mayRead, type Right, toReadableScope } from '../ingestion/caller.js';
import { CursorInvalidError } from '../ingestion/gateway-error.js';
import type { IngestionLog } from '../ingestion/ports.js';
import { parseMappingId } from '../ingestion/request-ref.js';
import { IngestionRequest } from '../schema/ingestion-request.js';
import { IngestionRequestConnection } from '../schema/ingestion-request-connection.js';
import { IngestionRequestFilter } from '../schema/ingestion-request-filter.js';
import { Mapping, MappingConnection, UsualDuration } from '../schema/mapping.js';
import { MappingFilter } from '../schema/mapping-filter.js';
import { toPageInfo } from '../schema/page-info.js';
import { Cursor, ID } from '../schema/scalars.js';
import { parseMappingIds } from './mapping-ids.js';
import type { OperationContext } from './operation-context.js';
import { parsePageSize } from './page-size.js';
import { DEFAULT_REQUESTS, findRequests } from './request-page.js';

const DEFAULT_PAGE_ITEMS = 25;

/** Mappings, out of the log: the upstream has no list to ask for. */
@Resolver(() => Mapping)
export class MappingResolver {
  constructor(
    private readonly log: Pick<IngestionLog, 'mappings' | 'list' | 'parseCursor' | 'toCursor'>,
  ) {}

  @Authorized<Right>('ingestion:read')
  @Query(() => Mapping, {
    nullable: true,
    description:
      'Null where this gateway has seen no request of such a mapping, or the caller may not see it.',
  })
  async mapping(
    @Arg('mappingId', () => ID, { description: 'Its id, as Campaign has it.' }) mappingId: string,
    @Ctx() { caller }: OperationContext,
  ): Promise<Mapping | null> {
    const id = parseMappingId(mappingId);
    if (!mayRead(caller, id)) return null;
    return (await this.#newest(id)) && new Mapping(id);
  }

  @Authorized<Right>('ingestion:read')
  @Query(() => MappingConnection, {
    description:
      'The mappings of which this gateway has seen requests and which the caller may see, in the order of their ids.',
  })
  async mappings(
    @Arg('filter', () => MappingFilter, {
      nullable: true,
      description: 'Which mappings; all where left out.',
    })
    filter: MappingFilter | null,
    @Arg('first', () => Int, {
      nullable: true,
      defaultValue: DEFAULT_PAGE_ITEMS,
      description: 'How many at most, 1 to 100.',
    })
    first: number | null,
    @Arg('after', () => Cursor, {
      nullable: true,
      description: 'Go on after this `endCursor` of the page before.',
    })
    after: string | null,
    @Ctx() { caller }: OperationContext,
  ): Promise<MappingConnection> {
    const pageSize = parsePageSize(first, DEFAULT_PAGE_ITEMS);
    const behind = after == null ? null : parseCursor(after);
    const wanted = filter?.mappingIds ? parseMappingIds(filter.mappingIds) : null;
    const scope = toReadableScope(caller, wanted);
    const ids = await this.log.mappings(scope, behind, pageSize + 1);
    const edges = ids
      .slice(0, pageSize)
      .map((id) => ({ cursor: toCursor(id), node: new Mapping(id) }));
    const pageInfo = toPageInfo(edges, {
      hasNextPage: ids.length > pageSize,
      hasPreviousPage: behind !== null,
    });
    return { edges, nodes: edges.map(({ node }) => node), pageInfo };
  }

  @FieldResolver(() => UsualDuration, {
    nullable: true,
    description: 'From the last runs in the log; null before there are five.',
  })
  usualDuration(
    @Root() { mappingId }: Mapping,
    @Ctx() { usualDurations }: OperationContext,
  ): Promise<UsualDuration | null> {
    return usualDurations.load(mappingId);
  }

  @FieldResolver(() => IngestionRequest, {
    nullable: true,
    description: 'The one that was first observed last, as last observed.',
  })
  lastRequest(@Root() { mappingId }: Mapping): Promise<IngestionRequest | null> {
    return this.#newest(mappingId);
  }

  @FieldResolver(() => IngestionRequestConnection, {
    description: 'As `ingestionRequests`, of this mapping alone.',
  })
  requests(
    @Root() { mappingId }: Mapping,
    @Arg('filter', () => IngestionRequestFilter, {
      nullable: true,
      description: 'Which requests; all where left out.',
    })
    filter: IngestionRequestFilter | null,
    @Arg('first', () => Int, {
      nullable: true,
      defaultValue: DEFAULT_REQUESTS,
      description: 'How many at most, 1 to 100.',
    })
    first: number | null,
    @Arg('after', () => Cursor, {
      nullable: true,
      description: 'Go on after this `endCursor` of the page before.',
    })
    after: string | null,
    @Ctx() { caller }: OperationContext,
  ): Promise<IngestionRequestConnection> {
    return findRequests(this.log, caller, { filter, first, after }, mappingId);
  }

  async #newest(mappingId: string): Promise<IngestionRequest | null> {
    const mappings = { kind: 'mappings', mappingIds: [mappingId] } as const;
    const [record] = await this.log.list({ mappings }, null, 1);
    return record ? new IngestionRequest(record) : null;
  }
}

const CURSOR_PREFIX = 'mapping:';

function toCursor(mappingId: string): string {
  return Buffer.from(`${CURSOR_PREFIX}${mappingId}`).toString('base64url');
}

/** @throws {CursorInvalidError} */
function parseCursor(cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString();
  if (!text.startsWith(CURSOR_PREFIX)) {
    throw new CursorInvalidError('This cursor is not of a page of mappings.');
  }
  return text.slice(CURSOR_PREFIX.length);
}
