import { Ctx, FieldResolver, Int, Resolver, Root } from 'type-graphql';
import { mayRead } from '../ingestion/caller.js';
import type { RequestRef } from '../ingestion/ingestion-request.js';
import type {
  Clock,
  IngestionLog,
  LastObservation,
  Watches,
  WatchReport,
} from '../ingestion/ports.js';
import { type Connection, toPage } from '../schema/connection.js';
import { IngestionBatch, toIngestionBatch } from '../schema/ingestion-batch.js';
import { IngestionRequest } from '../schema/ingestion-request.js';
import {
  IngestionTransition,
  IngestionTransitionConnection,
} from '../schema/ingestion-transition.js';
import { IngestionWatch, toIngestionWatch } from '../schema/ingestion-watch.js';
import { Job } from '../schema/job.js';
import { DateTime, SafeInt } from '../schema/scalars.js';
import { neverReusable, type OperationContext } from './operation-context.js';
import { After, First, parsePageSize } from './page-arguments.js';

const DEFAULT_PAGE_ITEMS = 50;

/** The fields of a request that are looked up when a client selects them. */
@Resolver(() => IngestionRequest)
export class IngestionRequestResolver {
  constructor(
    private readonly log: IngestionLog,
    private readonly watches: Watches,
    private readonly clock: Clock,
  ) {}

  @FieldResolver(() => SafeInt, {
    description: 'From its start (or first observation) to its end (or now), in ms.',
  })
  durationMs(@Root() request: IngestionRequest, @Ctx() { sharing }: OperationContext): number {
    if (!request.isTerminal) sharing.conditions.push(neverReusable);
    return this.#duration(request);
  }

  #duration(request: IngestionRequest): number {
    const { startedAt, firstObservedAt, finishedAt } = request;
    const endedAt = finishedAt?.getTime() ?? this.clock.now();
    return Math.max(0, endedAt - (startedAt ?? firstObservedAt).getTime());
  }

  @FieldResolver(() => Boolean, {
    nullable: true,
    description:
      'Whether it has taken longer than 95% of its mapping’s recent runs; null if fewer than five are known.',
  })
  async isLongerThanUsual(
    @Root() request: IngestionRequest,
    @Ctx() { usualDurations }: OperationContext,
  ): Promise<boolean | null> {
    const usual = await usualDurations.load(request.mappingId);
    return usual && this.#duration(request) > usual.p95Ms;
  }

  @FieldResolver(() => DateTime, {
    description: 'When the upstream last reported it. The status is as old as this.',
  })
  async lastObservedAt(
    @Root() request: IngestionRequest,
    @Ctx() { sharing }: OperationContext,
  ): Promise<Date> {
    const toObservedAt = (report: LastObservation | null) =>
      report?.lastObservedAt ?? request.changedAt;
    const observedAt = toObservedAt(await this.#report(request));
    if (!request.isTerminal) {
      sharing.conditions.push(() => {
        const report = this.watches.recall(request.ref);
        return report !== null && toObservedAt(report) === observedAt;
      });
    }
    return new Date(observedAt);
  }

  @FieldResolver(() => IngestionTransitionConnection, {
    description: 'Everything this gateway saw happen to it, oldest first.',
  })
  async transitions(
    @Root() { ref }: IngestionRequest,
    @First(DEFAULT_PAGE_ITEMS) first: number | null,
    @After() after: string | null,
  ): Promise<Connection<IngestionTransition>> {
    const pageSize = parsePageSize(first, DEFAULT_PAGE_ITEMS);
    const scope = { kind: 'request', ref } as const;
    const position = after == null ? 0 : await this.log.parseCursor(after);
    const [oldest] = await this.log.read(scope, 0, 1);
    const page = await this.log.read(scope, position, pageSize + 1);
    const isLater = oldest !== undefined && oldest.position <= position;
    return toPage(page, pageSize, isLater, (transition) => {
      const cursor = this.log.toCursor(transition.position);
      return { cursor, node: new IngestionTransition(transition, cursor) };
    });
  }

  @FieldResolver(() => IngestionWatch, {
    nullable: true,
    description: 'How the gateway is watching it now; null once terminal.',
  })
  async watch(@Root() request: IngestionRequest): Promise<IngestionWatch | null> {
    const report = await this.#report(request);
    return report && toIngestionWatch(report);
  }

  @FieldResolver(() => Job, {
    nullable: true,
    description: 'The job that runs, or ran, for it. Null if the upstream doesn’t tell.',
  })
  async job(
    @Root() { ref }: IngestionRequest,
    @Ctx() { administration }: OperationContext,
  ): Promise<Job | null> {
    const job = await administration?.jobsOfRequests.load(ref.requestId);
    return job?.mappingId === ref.mappingId ? new Job(job) : null;
  }

  @FieldResolver(() => IngestionBatch, {
    nullable: true,
    description:
      'The batch with `batchId` as Adobe Experience Platform knows it now, with what is wrong with its records. Null if there is no `batchId`, if Platform doesn’t know it, or if this gateway has no credentials for Platform. If Platform doesn’t answer, only this field is an error, with a `PLATFORM_…` code.',
  })
  async batch(
    @Root() { batchId }: IngestionRequest,
    @Ctx() { batches }: OperationContext,
  ): Promise<IngestionBatch | null> {
    const batch = batchId === null ? null : await batches?.load(batchId);
    return batch ? toIngestionBatch(batch) : null;
  }

  @FieldResolver(() => String, {
    nullable: true,
    description:
      'Who started it through this gateway; null for an anonymous caller, and if it was started elsewhere.',
  })
  async startedBy(
    @Root() { ref }: IngestionRequest,
    @Ctx() { lineages }: OperationContext,
  ): Promise<string | null> {
    return (await lineages.load(ref)).startedBy;
  }

  @FieldResolver(() => Int, {
    description: '1 for the first try, one more for each retry (`retryOnAbort`).',
  })
  async attempt(
    @Root() { ref }: IngestionRequest,
    @Ctx() { lineages }: OperationContext,
  ): Promise<number> {
    return (await lineages.load(ref)).attempt;
  }

  @FieldResolver(() => IngestionRequest, {
    nullable: true,
    description:
      'The ABORTED request that this one retries. Null for a first try, and if the caller may not see it.',
  })
  async retryOf(
    @Root() { ref }: IngestionRequest,
    @Ctx() context: OperationContext,
  ): Promise<IngestionRequest | null> {
    return toRequest((await context.lineages.load(ref)).retryOf, context);
  }

  @FieldResolver(() => IngestionRequest, {
    nullable: true,
    description:
      'The request that retried this one after it was ABORTED. Null if there is none, until the upstream has named it, and if the caller may not see it.',
  })
  async retriedBy(
    @Root() { ref }: IngestionRequest,
    @Ctx() context: OperationContext,
  ): Promise<IngestionRequest | null> {
    return toRequest((await context.lineages.load(ref)).retriedBy, context);
  }

  async #report({ ref, isTerminal }: IngestionRequest): Promise<WatchReport | null> {
    return isTerminal ? null : this.watches.report(ref);
  }
}

/** Also null if the caller may not see it: a caller who may only start sees a request only as the answer to a start. */
async function toRequest(
  ref: RequestRef | null,
  { caller, requests }: OperationContext,
): Promise<IngestionRequest | null> {
  if (!ref || !mayRead(caller, ref.mappingId)) return null;
  const record = await requests.load(ref);
  return record && new IngestionRequest(record);
}
