import type { AdministrationLoader } from '../datasources/administration/administration.loader.js';
import type { IngestionRequestLoader } from '../datasources/log/ingestion-request.loader.js';
import type { LineageLoader } from '../datasources/log/lineage.loader.js';
import type { UsualDurationLoader } from '../datasources/log/usual-duration.loader.js';
import type { IngestionBatchLoader } from '../datasources/platform/ingestion-batch.loader.js';
import type { Caller } from '../ingestion/caller.js';
import type { Followed } from '../watch/follow.js';

/** What it takes to give an answer again. */
export interface Sharing {
  /**
   * What has to hold for that everything that was read would be read again as it was. Whoever reads notes it; each
   * gives its answer at once, and does not throw.
   */
  readonly conditions: (() => boolean)[];
  /** For the log; null where it has none. */
  operationName: string | null;
}

/** The condition of what is never the same again. */
export const never = (): boolean => false;

/** How an operation came. */
export interface Arrival {
  readonly transport: 'http' | 'websocket' | 'sse' | 'multipart';
  /**
   * The cursor of the last event that the client has, where its transport says so: a subscription goes on after it,
   * whatever its arguments say. Null where it says nothing.
   */
  readonly lastEventId: string | null;
}

/** What resolvers share within one operation, or within one delivered transition of a subscription. */
export interface OperationContext {
  readonly caller: Caller;
  /** Tells callers apart, the anonymous ones by their addresses. */
  readonly callerKey: string;
  readonly arrival: Arrival;
  /** When it was begun, by `performance.now()`. */
  readonly startedAt: number;
  /**
   * Use up some of the starts that the caller may have in this minute.
   *
   * @throws {RateLimitedError} there are not so many left
   */
  takeStarts(count: number): Promise<void>;
  /** Log what went wrong inside the gateway, where an outcome tells of it and no error. */
  reportFault(fault: unknown): void;
  readonly sharing: Sharing;
  readonly requests: IngestionRequestLoader;
  readonly lineages: LineageLoader;
  readonly usualDurations: UsualDurationLoader;
  /** Null where the upstream has no administration, or none that is configured. */
  readonly administration: AdministrationLoader | null;
  /** Null where no Platform is configured. */
  readonly batches: IngestionBatchLoader | null;
  /** Here and not in the resolver: TypeGraphQL calls a `subscribe` function without its resolver. */
  readonly followed: Followed;
}
