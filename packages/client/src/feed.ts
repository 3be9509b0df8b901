import { type Connection, createWatched, type Watched } from './connection.js';
import { GatewayError } from './gateway-error.js';
import type { SluiceTransitionFragment as IngestionTransition } from './generated/operations.js';
import { ConnectionLostError } from './resumable.js';
import type { RequestRef, SluiceClient } from './sluice-client.js';

/** What is followed. */
export type FeedSource =
  | { readonly kind: 'ingestion'; readonly ref: RequestRef }
  /** The newest so many transitions. */
  | {
      readonly kind: 'activity';
      readonly mappingIds: readonly string[] | null;
      readonly limit: number;
    };

/** What has been heard, and how old that may be. */
export interface FeedState {
  /** In the order in which they happened. */
  readonly transitions: readonly IngestionTransition[];
  /** Once it has ended, as it was then. */
  readonly connection: Connection;
  /** Since when something may have happened that is not shown yet; null where nothing has. */
  readonly staleSince: Date | null;
  /** Why nothing more will come, although there may be more. What came before stays. */
  readonly error: Error | null;
}

/** Before anything is followed. */
export const NOTHING_HEARD: FeedState = {
  transitions: [],
  connection: { state: 'idle' },
  staleSince: null,
  error: null,
};

const feeds = new WeakMap<SluiceClient, Map<string, Watched<FeedState>>>();

/** A source as a text: equal ones are followed once. */
export function toFeedKey(source: FeedSource): string {
  return JSON.stringify(source);
}

/** What has been heard of a source; {@link NOTHING_HEARD} where nobody listens to it. */
export function readFeed(client: SluiceClient, key: string | null): FeedState {
  return (key === null ? null : feeds.get(client)?.get(key)?.get()) ?? NOTHING_HEARD;
}

/**
 * Follow a source, together with all who listen to the same one.
 *
 * @returns stops it: the subscription ends with its last listener
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

  /** Who leaves may come back at once, as all do in React's strict mode. */
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

/** The end of a request is its terminal transition, and not the end of a stream. */
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
      // Of a request there is one at least.
      return source.kind === 'ingestion' && transitions.length === 0 ? staleSince : null;
  }
}

/** A connection that the gateway refuses is told of by its close. */
function toError(failure: unknown): Error {
  if (failure instanceof Error) return failure;
  const { code, reason } = Object(failure) as { code?: unknown; reason?: unknown };
  return new ConnectionLostError(
    typeof code === 'number' ? code : undefined,
    String(reason ?? ''),
    failure,
  );
}
