import type { RemoteUpstream } from '../../src/config/upstream.js';

/** A received call; those for tokens are left out. */
export interface ArrivedCall {
  /** `check`: a gateway checks whether it is ready. */
  readonly operation: 'start' | 'status' | 'check';
  /** Empty for a check. */
  readonly mappingId: string;
  /** Path and query, byte for byte as received. */
  readonly rawPath: string;
}

/** The outcome of a run. `failedInBatch`: after a batch was uploaded, which Platform refused. */
export type RunEnd = 'success' | 'failedEmpty' | 'failedInBatch';

/**
 * The upstream of whole gateways in tests, described by its behaviour rather than its answers.
 *
 * Each start of a mapping creates a request whose id is one more than the last one, from 3520; it runs until it is
 * told to end. There are two kinds, which run the same tests: a server that plays Campaign, and
 * the real Campaign service with a real receiver behind it, whose calls fail in the ways that a gateway hides.
 */
export interface TestUpstream {
  readonly url: string;
  /** As the upstream of a gateway's configuration. */
  readonly config: RemoteUpstream;
  /** All calls of gateways so far, in the order of arrival; a call repeated after a fault is there twice. */
  readonly calls: readonly ArrivedCall[];
  /** Resolves with all calls once so many have arrived. */
  arrived(count: number): Promise<readonly ArrivedCall[]>;
  /**
   * Start an ingestion without the gateway, as somebody else would.
   *
   * @returns the id of its request, or of the running one of the mapping
   */
  startElsewhere(mappingId: string): Promise<string>;
  /** Set the outcome of the mapping's future runs, which is a success with 15 records by default. */
  willEnd(mappingId: string, end: RunEnd): Promise<void>;
  /** Let everything that runs end. */
  finish(): Promise<void>;
  /** Kill the service amid its runs, and restart it. */
  abort(): Promise<void>;
  /** From now on, hold status questions about {@link oddMappings.held}, as at first. */
  hold(): void;
  /** From now on, answer status questions about {@link oddMappings.held}, the held ones first. */
  release(): void;
  /** Cut everything off. Safe to repeat. */
  close(): Promise<void>;
}

/** Resolves once a status question about this request has arrived. */
export async function untilAskedAbout(upstream: TestUpstream, requestId: string): Promise<void> {
  const isStatusQuestion = ({ operation, rawPath }: ArrivedCall) =>
    operation === 'status' &&
    new URL(rawPath, upstream.url).searchParams.get('requestId') === requestId;
  while (!upstream.calls.some(isStatusQuestion)) await upstream.arrived(upstream.calls.length + 1);
}

/** Each upstream has these in addition to the mappings that a test names. */
export const oddMappings = {
  /** Cannot be triggered: it is not published. */
  unpublished: 'unpublished',
  /** Cannot be triggered: it is not stopped. */
  scheduled: 'scheduled',
  /** Status questions about its requests are held until a test releases them. */
  held: 'held',
  /** Its starts take {@link SLOW_START_MS}. */
  slow: 'slow',
  /** Neither starts nor status questions are ever answered. */
  silent: 'silent',
  /** Status questions are answered 403, `403023`. */
  forbidden: 'forbidden',
  /** As above, but only the first three. */
  forbiddenAtFirst: 'forbidden-at-first',
} as const;

/** The answer to the first start of each of these is lost. */
export const lossyMappings = ['lossy-a', 'lossy-b', 'lossy-c'] as const;

/** The duration of a slow start, in ms. */
export const SLOW_START_MS = 1_000;

/** The number of status questions about {@link oddMappings.forbiddenAtFirst} that fail. */
export const FORBIDDEN_LOOKS = 3;

/** The id of the first request. */
export const FIRST_REQUEST_ID = 3520;
