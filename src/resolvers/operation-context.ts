import type { AdministrationLoader } from '../datasources/administration/administration.loader.js';
import type { IngestionRequestLoader } from '../datasources/log/ingestion-request.loader.js';
import type { LineageLoader } from '../datasources/log/lineage.loader.js';
import type { UsualDurationLoader } from '../datasources/log/usual-duration.loader.js';
import type { IngestionBatchLoader } from '../datasources/platform/ingestion-batch.loader.js';
import type { Caller } from '../ingestion/caller.js';
import type { FollowSources } from '../watch/follow.js';

/** What is needed to reuse an answer. */
export interface Sharing {
  /**
   * The conditions under which everything that was read would be read the same again. Each reader adds its own; they
   * return at once, and do not throw.
   */
  readonly conditions: (() => boolean)[];
  /** For the log; null if the operation has no name. */
  operationName: string | null;
}

/** The condition of an answer that can't be reused. */
export const neverReusable = (): boolean => false;

/** How an operation arrived. */
export interface Arrival {
  readonly transport: 'http' | 'websocket' | 'sse' | 'multipart';
  /**
   * The cursor of the client's last event, if its transport says so: a subscription continues after it, whatever its
   * arguments say. Otherwise null.
   */
  readonly lastEventId: string | null;
}

/** What resolvers share within one operation, or within one delivered transition of a subscription. */
export interface OperationContext {
  readonly caller: Caller;
  /** Distinguishes callers, anonymous ones by their addresses. */
  readonly callerKey: string;
  readonly arrival: Arrival;
  /** When it began, by `performance.now()`. */
  readonly startedAt: number;
  /**
   * Use up some of the caller's starts for this minute.
   *
   * @throws {RateLimitedError} too few are left
   */
  takeStarts(count: number): Promise<void>;
  /** Log an error inside the gateway that an outcome reports and no GraphQL error does. */
  reportInternalError(error: unknown): void;
  readonly sharing: Sharing;
  readonly requests: IngestionRequestLoader;
  readonly lineages: LineageLoader;
  readonly usualDurations: UsualDurationLoader;
  /** Null if the upstream has no administration API, or none is configured. */
  readonly administration: AdministrationLoader | null;
  /** Null if no Platform is configured. */
  readonly batches: IngestionBatchLoader | null;
  /** Here and not in the resolver, because TypeGraphQL calls a `subscribe` function without its resolver. */
  readonly followSources: FollowSources;
}
