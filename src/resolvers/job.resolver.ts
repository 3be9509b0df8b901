import { Arg, Authorized, Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import { isInScope, mayRead, type Right, toReadableScope } from '../ingestion/caller.js';
import type { Administration } from '../ingestion/ports.js';
import { type Connection, toPage } from '../schema/connection.js';
import { IngestionRequest } from '../schema/ingestion-request.js';
import { Job, JobConnection, JobFilter } from '../schema/job.js';
import { Mapping } from '../schema/mapping.js';
import { type Reject, RejectConnection } from '../schema/reject.js';
import { parseMappingIds, parseStatuses } from './filter-lists.js';
import { parseNumberCursor, toKeyCursor } from './key-cursor.js';
import type { OperationContext } from './operation-context.js';
import { After, First, parsePageSize } from './page-arguments.js';

const DEFAULT_PAGE_ITEMS = 25;

/** Executions of mappings, if the upstream reports them. */
@Resolver(() => Job)
export class JobResolver {
  constructor(private readonly administration: Administration | null) {}

  @Authorized<Right>('ingestion:read')
  @Query(() => JobConnection, {
    nullable: true,
    description:
      'Executions of the mappings that the caller may see, newest first, with the columns of Campaign’s _Status of data export to platform_. Null if the upstream doesn’t report them; Adobe’s doesn’t.',
  })
  async jobs(
    @Arg('filter', () => JobFilter, {
      nullable: true,
      description: 'Which jobs; all by default.',
    })
    filter: JobFilter | null,
    @First(DEFAULT_PAGE_ITEMS) first: number | null,
    @After() after: string | null,
    @Ctx() { caller, callerKey, administration }: OperationContext,
  ): Promise<Connection<Job> | null> {
    const pageSize = parsePageSize(first, DEFAULT_PAGE_ITEMS);
    const behind = after == null ? null : parseNumberCursor('job', after);
    const wanted = filter?.mappingIds ? parseMappingIds(filter.mappingIds) : null;
    const statuses = parseStatuses(filter?.statuses);
    if (!this.administration || !administration) return null;
    const scope = toReadableScope(caller, wanted);
    const mappingIds =
      scope.kind === 'all'
        ? undefined
        : (await administration.mappings())
            .map(({ mappingId }) => mappingId)
            .filter((mappingId) => isInScope(scope, mappingId));
    const found =
      mappingIds?.length === 0
        ? []
        : await this.administration.jobs(
            {
              mappingIds,
              statuses,
              startedAfter: filter?.startedAfter?.getTime(),
              startedBefore: filter?.startedBefore?.getTime(),
            },
            behind === null ? null : String(behind),
            pageSize + 1,
            callerKey,
          );
    return toPage(found, pageSize, behind !== null, (job) => ({
      cursor: toKeyCursor('job', job.jobId),
      node: new Job(job),
    }));
  }

  /** The job that a global id names; null if there is none, or the caller may not see its mapping. */
  async find(jobId: string, { caller, callerKey }: OperationContext): Promise<Job | null> {
    const job = await this.administration?.job(jobId, callerKey);
    return job && mayRead(caller, job.mappingId) ? new Job(job) : null;
  }

  @FieldResolver(() => Mapping, { description: 'The mapping that it runs.' })
  mapping(@Root() { mappingId }: Job): Mapping {
    return new Mapping(mappingId);
  }

  @FieldResolver(() => IngestionRequest, {
    nullable: true,
    description:
      'The request that it was started for, as last observed. Null if the scheduler started it, or if this gateway hasn’t seen the request.',
  })
  async request(
    @Root() { mappingId, requestId }: Job,
    @Ctx() { requests }: OperationContext,
  ): Promise<IngestionRequest | null> {
    const record = requestId === null ? null : await requests.load({ mappingId, requestId });
    return record && new IngestionRequest(record);
  }

  @FieldResolver(() => RejectConnection, {
    description: 'The records that it rejected. They are kept as long as the job.',
  })
  async rejects(
    @Root() { jobId }: Job,
    @First(DEFAULT_PAGE_ITEMS) first: number | null,
    @After() after: string | null,
    @Ctx() { callerKey }: OperationContext,
  ): Promise<Connection<Reject>> {
    const pageSize = parsePageSize(first, DEFAULT_PAGE_ITEMS);
    const behind = after == null ? 0 : parseNumberCursor('reject', after);
    const found =
      (await this.administration?.rejects(jobId, behind, pageSize + 1, callerKey)) ?? [];
    return toPage(found, pageSize, behind > 0, ({ key, line, reason }, index) => ({
      cursor: toKeyCursor('reject', String(behind + index + 1)),
      node: { place: line === null ? `key ${key}` : `line ${line}`, key, reason },
    }));
  }
}
