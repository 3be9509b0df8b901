import { type DocumentLimits, defaultDocumentLimits } from './document-limits.js';

/** How much anybody may ask of the gateway. For limits per caller, a caller without a name is an address. */
export interface Limits {
  readonly document: DocumentLimits;
  /** The time limit of a query, and of opening a subscription, in ms. */
  readonly operationTimeoutMs: number;
  /** For an HTTP body, and for a WebSocket frame. */
  readonly maxBodyBytes: number;
  /** Operations in progress on one socket. */
  readonly maxOperationsPerSocket: number;
  /** A caller's queries and mutations in progress, over all transports, whether it still waits or not. */
  readonly maxOperationsPerCaller: number;
  /** The same for all callers. */
  readonly maxOperations: number;
  /** The total cost of a caller's open subscriptions, by the rules of `operation-cost.ts`. */
  readonly maxSubscriptionCostPerCaller: number;
  readonly maxSockets: number;
  readonly maxSocketsPerCaller: number;
  readonly maxRequestsPerMinute: number;
  /** Started ingestions, however many of them one operation starts. */
  readonly maxStartsPerMinute: number;
  /** For each address, whoever else signs in from there. */
  readonly maxFailedSignInsPerMinute: number;
}

/** The defaults if strangers may call. */
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

/** The limits per caller if only programs on this machine can call. */
export const noCallerLimits = {
  maxOperationsPerCaller: Number.POSITIVE_INFINITY,
  maxSubscriptionCostPerCaller: Number.POSITIVE_INFINITY,
  maxSocketsPerCaller: Number.POSITIVE_INFINITY,
  maxRequestsPerMinute: Number.POSITIVE_INFINITY,
  maxStartsPerMinute: Number.POSITIVE_INFINITY,
  maxFailedSignInsPerMinute: Number.POSITIVE_INFINITY,
} satisfies Partial<Limits>;
