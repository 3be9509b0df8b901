import { setTimeout as delay } from 'node:timers/promises';
import type { RequestRef } from '../../src/ingestion/ingestion-request.js';
import type { BusyUpstream } from './busy-upstream.js';
import { type Follower, follow } from './follower.js';

export interface CrowdOptions {
  readonly upstream: BusyUpstream;
  readonly random: () => number;
  /** Where a gateway is now; null while there is none. */
  readonly findUrl: () => string | null;
  /** How many clients follow requests, one after the other; a few more follow everything. */
  readonly clientCount: number;
  /** What of the errors that a gateway answers passes. */
  readonly passing?: RegExp;
}

/** Clients that start requests, through a gateway or past it, and follow each to its end. */
export interface Crowd {
  /** All that ever followed anything. */
  readonly followers: readonly Follower[];
  /** Requests whose start a client was told of. */
  readonly startedIds: ReadonlySet<string>;
  /** How often a request that was over was read again from its beginning. */
  readonly lateReadCount: number;
  /** Cut the connection of one who has one, if chance will have it. */
  cutOne(): boolean;
  /**
   * Begin nothing new; resolves once every stream of a request is over, no gateway watches anything, and
   * those who follow everything have it all.
   */
  settle(hasWatches: () => Promise<boolean>): Promise<void>;
  /** How those stand who follow everything, and those who follow a request that is not over; a line each. */
  describe(): readonly string[];
  /** Follow nothing any more. */
  leave(): void;
}

/** One of so many clients follows everything besides. */
const CLIENTS_PER_ACTIVITY = 8;

/** One of so many requests is read again from its beginning when it is over. */
const LATE_READ_SHARE = 0.1;

const LOOK_MS = 100;

const startQuery = `mutation Start($mappingId: ID!) { startIngestion(input: { mappingId: $mappingId }) {
  ... on IngestionSubmitted { request { requestId } } } }`;

/** Have a crowd come. */
export function createCrowd({
  upstream,
  random,
  findUrl,
  clientCount,
  passing,
}: CrowdOptions): Crowd {
  const followers: Follower[] = [];
  const startedIds = new Set<string>();
  let lateReadCount = 0;
  let isEnding = false;

  /** Have a request begun, through a gateway where that works, or by somebody else. */
  async function begin(mappingId: string): Promise<RequestRef> {
    const url = findUrl();
    if (random() < 0.5 || !url) return upstream.begin(mappingId).ref;
    const requestId = await start(url, mappingId).catch(() => null);
    if (requestId === null) return upstream.begin(mappingId).ref;
    startedIds.add(requestId);
    return { mappingId, requestId };
  }

  async function runClient(index: number): Promise<void> {
    const mappingId = `mapping ${index}`;
    while (!isEnding) {
      const ref = await begin(mappingId);
      await followToEnd(ref);
      if (random() < LATE_READ_SHARE) {
        lateReadCount += 1;
        await followToEnd(ref);
      }
    }
  }

  function followToEnd(ref: RequestRef): Promise<void> {
    const follower = follow({ kind: 'request', ref }, findUrl, passing);
    followers.push(follower);
    return follower.completed;
  }

  const activity = Array.from({ length: Math.ceil(clientCount / CLIENTS_PER_ACTIVITY) }, () =>
    follow({ kind: 'all' }, findUrl, passing),
  );
  followers.push(...activity);
  const clients = Array.from({ length: clientCount }, (_, index) => runClient(index));

  return {
    followers,
    startedIds,
    get lateReadCount() {
      return lateReadCount;
    },
    cutOne() {
      const recent = followers.slice(-4 * clientCount);
      return recent[Math.floor(random() * recent.length)]?.cut() ?? false;
    },
    async settle(hasWatches) {
      isEnding = true;
      await Promise.all(clients);
      while (await hasWatches()) await delay(LOOK_MS);
      // Behind everything else: who has got its end has got all.
      const sentinel = upstream.begin('sentinel').ref;
      await followToEnd(sentinel);
      const hasAll = ({ record }: Follower) => record.at(-1)?.requestId === sentinel.requestId;
      const hasEnded = ({ record }: Follower) => record.at(-1)?.to !== 'IN_PROGRESS';
      while (!activity.every((one) => hasAll(one) && hasEnded(one))) await delay(LOOK_MS);
    },
    describe() {
      const waiting = followers.filter(
        ({ followed, record }) => followed.kind === 'all' || record.at(-1)?.to === 'IN_PROGRESS',
      );
      return waiting.map((one) => one.describe());
    },
    leave() {
      for (const follower of followers) follower.leave();
    },
  };
}

async function start(url: string, mappingId: string): Promise<string | null> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: startQuery, variables: { mappingId } }),
  });
  const { data } = (await response.json()) as {
    data?: { startIngestion?: { request?: { requestId: string } } } | null;
  };
  return data?.startIngestion?.request?.requestId ?? null;
}
