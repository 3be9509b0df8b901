import type { RemoteUpstream } from '../../src/config/upstream.js';

/** A call as it arrived, whatever it was answered; those for tokens are left out. */
export interface ArrivedCall {
  /** `check`: a gateway that finds out whether it is ready. */
  readonly operation: 'start' | 'status' | 'check';
  /** Empty for a check. */
  readonly mappingId: string;
  /** Path and query, byte for byte as they came over the wire. */
  readonly rawPath: string;
}

/** What a run comes to. `failedInBatch`: after a batch was uploaded, which Platform refused. */
export type RunEnd = 'success' | 'failedEmpty' | 'failedInBatch';

/**
 * The upstream as the tests of whole gateways want one, spoken of by what it does and not by what it answers.
 *
 * Each start of a mapping makes a request whose id is one more than the last one's, from 3520; it runs until it is
 * told to end. There are two kinds, and the same tests run in front of both: a server that plays Campaign, and
 * the real Campaign service with a real receiver behind it, whose calls go wrong in the ways that a gateway hides.
 */
export interface TestUpstream {
  readonly url: string;
  /** As a gateway is told of it. */
  readonly config: RemoteUpstream;
  /** All calls of gateways so far, in the order of arrival. One that was made again after a fault is there twice. */
  readonly calls: readonly ArrivedCall[];
  /** Resolves with all calls once so many have arrived. */
  arrived(count: number): Promise<readonly ArrivedCall[]>;
  /**
   * Start an ingestion past the gateway, as somebody else would.
   *
   * @returns its request id; the running one's where the mapping is being run
   */
  startElsewhere(mappingId: string): Promise<string>;
  /** What runs of the mapping that are started from now on will come to; a success with 15 records where nothing is said. */
  willEnd(mappingId: string, end: RunEnd): Promise<void>;
  /** Have all that runs come to its end. */
  finish(): Promise<void>;
  /** Have the service end in the midst of all that runs, and come back. */
  abort(): Promise<void>;
  /** From now on looks at requests of {@link oddMappings.held} wait, as they do in the beginning. */
  hold(): void;
  /** From now on looks at requests of {@link oddMappings.held} are taken, those that wait first. */
  letGo(): void;
  /** Cut everything off. Safe to repeat. */
  close(): Promise<void>;
}

/** Resolves once a look at this request has arrived. */
export async function untilLookedAt(upstream: TestUpstream, requestId: string): Promise<void> {
  const isLook = ({ operation, rawPath }: ArrivedCall) =>
    operation === 'status' &&
    new URL(rawPath, upstream.url).searchParams.get('requestId') === requestId;
  while (!upstream.calls.some(isLook)) await upstream.arrived(upstream.calls.length + 1);
}

/** Each upstream has these, beside the mappings that a test names. */
export const oddMappings = {
  /** May not be triggered: it is not published. */
  unpublished: 'unpublished',
  /** May not be triggered: it is not stopped. */
  scheduled: 'scheduled',
  /** Looks at its requests are not taken before a test lets them go, nor once it holds them again. */
  held: 'held',
  /** Its starts take {@link SLOW_START_MS}. */
  slow: 'slow',
  /** Neither starts nor looks are ever answered. */
  silent: 'silent',
  /** Looks are answered 403, `403023`. */
  forbidden: 'forbidden',
  /** As above, but only the first three. */
  forbiddenAtFirst: 'forbidden-at-first',
} as const;

/** Each upstream has these as well: of the first start of each the answer is lost. */
export const lossyMappings = ['lossy-a', 'lossy-b', 'lossy-c'] as const;

/** In ms. */
export const SLOW_START_MS = 1_000;

/** How many looks at {@link oddMappings.forbiddenAtFirst} go wrong. */
export const FORBIDDEN_LOOKS = 3;

/** What the first request is called. */
export const FIRST_REQUEST_ID = 3520;
