import { type DocumentLimits, defaultDocumentLimits } from './document-limits.js';

/** How much anybody may ask of the gateway. Where a limit holds for a caller, a caller without a name is an address. */
export interface Limits {
  readonly document: DocumentLimits;
  /** The time of a query, and of what comes before a subscription’s first event, in ms. */
  readonly operationTimeoutMs: number;
  /** Of an HTTP body, and of a frame of a WebSocket. */
  readonly maxBodyBytes: number;
  /** Operations that are under way on one socket. */
  readonly maxOperationsPerSocket: number;
  /** Queries and mutations of a caller that are under way, over whichever transport, whether it still waits or not. */
  readonly maxOperationsPerCaller: number;
  /** The same, of all callers. */
  readonly maxOperations: number;
  /** Points of cost of all subscriptions that a caller has open, by the rules of `operation-cost.ts`. */
  readonly maxSubscriptionCostPerCaller: number;
  readonly maxSockets: number;
  readonly maxSocketsPerCaller: number;
  readonly maxRequestsPerMinute: number;
  /** Ingestions, however many of them one operation starts. */
  readonly maxStartsPerMinute: number;
  /** Of an address, whoever else signs in from there. */
  readonly maxFailedSignInsPerMinute: number;
}

/** Where nothing else is set, and strangers may call. */
export const defaultLimits: Limits = {
  document: defaultDocumentLimits,
  operationTimeoutMs: 30_000,
  maxBodyBytes: 128 * 1024,
  maxOperationsPerSocket: 100,
  maxOperationsPerCaller: 200,
  maxOperations: 2_000,
  maxSubscriptionCostPerCaller: 250_000,
  maxSockets: 10_000,
  maxSocketsPerCaller: 100,
  maxRequestsPerMinute: 3_000,
  maxStartsPerMinute: 300,
  maxFailedSignInsPerMinute: 60,
};

/** Limits that hold for a caller, where all that can call are programs of this machine. */
export const noCallerLimits = {
  maxOperationsPerCaller: Number.POSITIVE_INFINITY,
  maxSubscriptionCostPerCaller: Number.POSITIVE_INFINITY,
  maxSocketsPerCaller: Number.POSITIVE_INFINITY,
  maxRequestsPerMinute: Number.POSITIVE_INFINITY,
  maxStartsPerMinute: Number.POSITIVE_INFINITY,
  maxFailedSignInsPerMinute: Number.POSITIVE_INFINITY,
} satisfies Partial<Limits>;
