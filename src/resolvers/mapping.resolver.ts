import { Arg, Authorized, Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import type { AdministrationLoader } from '../datasources/administration/administration.loader.js';
import type { AdministeredMapping } from '../ingestion/administration.js';
import {
  isInScope,
  type MappingScope,
  mayRead,
  type Right,
  toReadableScope,
} from '../ingestion/caller.js';
import type { IngestionLog } from '../ingestion/ports.js';
import { parseMappingId } from '../ingestion/request-ref.js';
import { type Connection, toPage } from '../schema/connection.js';
import {
  IngestionRequest,
  IngestionRequestConnection,
  IngestionRequestFilter,
} from '../schema/ingestion-request.js';
import { Mapping, MappingConnection, MappingFilter, UsualDuration } from '../schema/mapping.js';
import {
  MappingAdministration,
  toMappingAdministration,
} from '../schema/mapping-administration.js';
import { ID } from '../schema/scalars.js';
import { parseMappingIds } from './filter-lists.js';
import { parseKeyCursor, toKeyCursor } from './key-cursor.js';
import type { OperationContext } from './operation-context.js';
import { After, First, parsePageSize } from './page-arguments.js';
import { DEFAULT_REQUESTS, findRequests } from './request-page.js';

const DEFAULT_PAGE_ITEMS = 25;

/** Far more than a Campaign service has. */
const MAX_MAPPINGS = 10_000;

/** Mappings, from the log, and from the upstream's administration API if it has one. */
@Resolver(() => Mapping)
export class MappingResolver {
  constructor(
    private readonly log: Pick<IngestionLog, 'mappings' | 'list' | 'parseCursor' | 'toCursor'>,
  ) {}

  @Authorized<Right>('ingestion:read')
  @Query(() => Mapping, {
    nullable: true,
    description:
      'Null if Campaign reports no such mapping and this gateway has seen no request of it, or if the caller may not see it.',
  })
  async mapping(
    @Arg('mappingId', () => ID, { description: 'Its id, as Campaign has it.' }) mappingId: string,
    @Ctx() context: OperationContext,
  ): Promise<Mapping | null> {
    const id = parseMappingId(mappingId);
    if (!mayRead(context.caller, id)) return null;
    const isKnown = (await this.#newest(id)) ?? (await findAdministered(id, context));
    return isKnown && new Mapping(id);
  }

  @Authorized<Right>('ingestion:read')
  @Query(() => MappingConnection, {
    description:
      'The mappings that the caller may see, in the order of their ids: those with requests that this gateway has seen, and all of Campaign’s if the upstream reports them.',
  })
  async mappings(
    @Arg('filter', () => MappingFilter, {
      nullable: true,
      description: 'Which mappings; all by default.',
    })
    filter: MappingFilter | null,
    @First(DEFAULT_PAGE_ITEMS) first: number | null,
    @After() after: string | null,
    @Ctx() { caller, administration }: OperationContext,
  ): Promise<Connection<Mapping>> {
    const pageSize = parsePageSize(first, DEFAULT_PAGE_ITEMS);
    const behind = after == null ? null : parseKeyCursor('mapping', after);
    const wanted = filter?.mappingIds ? parseMappingIds(filter.mappingIds) : null;
    const scope = toReadableScope(caller, wanted);
    const ids = administration
      ? await this.#allIds(scope, behind, administration)
      : await this.log.mappings(scope, behind, pageSize + 1);
    return toPage(ids, pageSize, behind !== null, (id) => ({
      cursor: toKeyCursor('mapping', id),
      node: new Mapping(id),
    }));
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: 'Its label in Campaign; null if the upstream doesn’t tell.',
  })
  async label(
    @Root() { mappingId }: Mapping,
    @Ctx() context: OperationContext,
  ): Promise<string | null> {
    return (await findAdministered(mappingId, context))?.label ?? null;
  }

  @FieldResolver(() => MappingAdministration, {
    nullable: true,
    description:
      'Its state in Campaign. Null if the upstream doesn’t tell (Adobe’s doesn’t), or has no such mapping.',
  })
  async administration(
    @Root() { mappingId }: Mapping,
    @Ctx() context: OperationContext,
  ): Promise<MappingAdministration | null> {
    const mapping = await findAdministered(mappingId, context);
    return mapping && toMappingAdministration(mapping);
  }

  @FieldResolver(() => UsualDuration, {
    nullable: true,
    description: 'From the recent runs in the log; null until there are five.',
  })
  usualDuration(
    @Root() { mappingId }: Mapping,
    @Ctx() { usualDurations }: OperationContext,
  ): Promise<UsualDuration | null> {
    return usualDurations.load(mappingId);
  }

  @FieldResolver(() => IngestionRequest, {
    nullable: true,
    description: 'The newest request, as last observed.',
  })
  lastRequest(@Root() { mappingId }: Mapping): Promise<IngestionRequest | null> {
    return this.#newest(mappingId);
  }

  @FieldResolver(() => IngestionRequestConnection, {
    description: 'Like `ingestionRequests`, for this mapping only.',
  })
  requests(
    @Root() { mappingId }: Mapping,
    @Arg('filter', () => IngestionRequestFilter, {
      nullable: true,
      description: 'Which requests; all by default.',
    })
    filter: IngestionRequestFilter | null,
    @First(DEFAULT_REQUESTS) first: number | null,
    @After() after: string | null,
    @Ctx() { caller }: OperationContext,
  ): Promise<Connection<IngestionRequest>> {
    return findRequests(this.log, caller, { filter, first, after }, mappingId);
  }

  /** All of Campaign's and those in the log, in the resolver's own order, because databases sort differently. */
  async #allIds(
    scope: MappingScope,
    after: string | null,
    administration: AdministrationLoader,
  ): Promise<readonly string[]> {
    const seen = await this.log.mappings(scope, null, MAX_MAPPINGS);
    const administered = (await administration.mappings())
      .map(({ mappingId }) => mappingId)
      .filter((id) => isInScope(scope, id));
    return [...new Set([...seen, ...administered])]
      .filter((id) => after === null || compareIds(id, after) > 0)
      .sort(compareIds);
  }

  async #newest(mappingId: string): Promise<IngestionRequest | null> {
    const mappings = { kind: 'mappings', mappingIds: [mappingId] } as const;
    const [record] = await this.log.list({ mappings }, null, 1);
    return record ? new IngestionRequest(record) : null;
  }
}

async function findAdministered(
  mappingId: string,
  { caller, administration }: OperationContext,
): Promise<AdministeredMapping | null> {
  // A caller who may only start or manage sees a mapping only as the result of a change.
  if (!administration || !isInScope(caller.mappings, mappingId)) return null;
  const mappings = await administration.mappings();
  return mappings.find((mapping) => mapping.mappingId === mappingId) ?? null;
}

function compareIds(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
