import { type Connection, createWatched, type Watched } from './connection.js';
import { GatewayError } from './gateway-error.js';
import type { SluiceTransitionFragment as IngestionTransition } from './generated/operations.js';
import { ConnectionLostError } from './resumable.js';
import type { RequestRef, SluiceClient } from './sluice-client.js';

/** What a feed follows. */
export type FeedSource =
  | { readonly kind: 'ingestion'; readonly ref: RequestRef }
  /** The newest transitions, at most `limit`. */
  | {
      readonly kind: 'activity';
      readonly mappingIds: readonly string[] | null;
      readonly limit: number;
    };

/** The transitions that have arrived, and how current they are. */
export interface FeedState {
  /** In the order in which they happened. */
  readonly transitions: readonly IngestionTransition[];
  /** After the feed has ended, the state when it did. */
  readonly connection: Connection;
  /** Since when transitions may be missing; null if none are. */
  readonly staleSince: Date | null;
  /** Why the feed has ended early; earlier transitions stay. */
  readonly error: Error | null;
}

/** The state before anything is followed. */
export const NOTHING_HEARD: FeedState = {
  transitions: [],
  connection: { state: 'idle' },
  staleSince: null,
  error: null,
};

const feeds = new WeakMap<SluiceClient, Map<string, Watched<FeedState>>>();

/** The key of a source: equal sources share a subscription. */
export function toFeedKey(source: FeedSource): string {
  return JSON.stringify(source);
}

/** The state of a source; {@link NOTHING_HEARD} if nobody listens to it. */
export function readFeed(client: SluiceClient, key: string | null): FeedState {
  return (key === null ? null : feeds.get(client)?.get(key)?.get()) ?? NOTHING_HEARD;
}

/**
 * Follow a source. Its listeners share one subscription, which ends with the last of them.
 *
 * @returns stops listening
 */
export function listenToFeed(client: SluiceClient, key: string, listener: () => void): () => void {
  const ofClient = feeds.get(client) ?? new Map<string, Watched<FeedState>>();
  feeds.set(client, ofClient);
  const feed =
    ofClient.get(key) ??
    openFeed(client, JSON.parse(key) as FeedSource, () => ofClient.delete(key));
  ofClient.set(key, feed);
  return feed.listen(listener);
}

function openFeed(
  client: SluiceClient,
  source: FeedSource,
  onUnused: () => void,
): Watched<FeedState> {
  const stopping = new AbortController();
  const { signal } = stopping;
  let listenerCount = 0;
  const transitions = open(client, source, signal);
  const state = createWatched<FeedState>({
    transitions: [],
    connection: client.connection.get(),
    staleSince: new Date(),
    error: null,
  });
  const update = (changed: Partial<FeedState>) => state.set({ ...state.get(), ...changed });
  const updateLive = (changed: Partial<FeedState>) => {
    const next = { ...state.get(), ...changed };
    state.set({ ...next, staleSince: toStaleSince(source, next) });
  };
  const unlisten = client.connection.listen(() =>
    updateLive({ connection: client.connection.get() }),
  );
  void run();

  async function run(): Promise<void> {
    try {
      for await (const transition of transitions) {
        take(transition);
        if (isLast(source, transition)) return end({ staleSince: null });
      }
      fail(new GatewayError([]));
    } catch (failure) {
      if (!signal.aborted) fail(failure);
    }
  }

  function take(transition: IngestionTransition): void {
    const all = [...state.get().transitions, transition];
    updateLive({ transitions: source.kind === 'activity' ? all.slice(-source.limit) : all });
  }

  function fail(failure: unknown): void {
    end({ error: toError(failure), staleSince: state.get().staleSince ?? new Date() });
  }

  function end(changed: Partial<FeedState>): void {
    unlisten();
    update(changed);
  }

  /** A listener that leaves may come back at once, as in React's strict mode. */
  function stopIfUnused(): void {
    if (listenerCount > 0 || signal.aborted) return;
    unlisten();
    stopping.abort();
    onUnused();
  }

  return {
    get: state.get,
    listen(listener) {
      listenerCount += 1;
      const leave = state.listen(listener);
      let isHere = true;
      return () => {
        if (!isHere) return;
        isHere = false;
        leave();
        listenerCount -= 1;
        queueMicrotask(stopIfUnused);
      };
    },
  };
}

function open(
  client: SluiceClient,
  source: FeedSource,
  signal: AbortSignal,
): AsyncIterable<IngestionTransition> {
  switch (source.kind) {
    case 'ingestion':
      return client.watch(source.ref, { signal });
    case 'activity':
      return client.activity({
        signal,
        ...(source.mappingIds && { mappingIds: source.mappingIds }),
      });
  }
}

/** A request ends with its terminal transition, not with its stream. */
function isLast(source: FeedSource, { to }: IngestionTransition): boolean {
  return source.kind === 'ingestion' && to !== 'IN_PROGRESS';
}

function toStaleSince(
  source: FeedSource,
  { connection, transitions, staleSince }: FeedState,
): Date | null {
  switch (connection.state) {
    case 'idle':
    case 'connecting':
    case 'connected':
      return staleSince;
    case 'reconnecting':
      return staleSince ?? connection.since;
    case 'upToDate':
      // A request has at least one transition.
      return source.kind === 'ingestion' && transitions.length === 0 ? staleSince : null;
  }
}

/** If the gateway refuses the connection, the failure is a close event. */
function toError(failure: unknown): Error {
  if (failure instanceof Error) return failure;
  const { code, reason } = Object(failure) as { code?: unknown; reason?: unknown };
  return new ConnectionLostError(
    typeof code === 'number' ? code : undefined,
    String(reason ?? ''),
    failure,
  );
}
