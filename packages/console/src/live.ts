import { type Connection, GatewayError, type SluiceClient } from '@sluice/client';
import {
  ActivityDocument,
  type IngestionFragment,
  LatestCursorDocument,
} from './generated/operations.js';

/** An ingestion, as the gateway reports it. */
export type Ingestion = IngestionFragment;

/** What happens while the page is open. */
export interface Live {
  /** Changes when ingestions change; after a burst, once. */
  readonly version: () => number;
  /** The newer one: this, or what arrived since. */
  readonly newest: (loaded: Ingestion) => Ingestion;
  /** The ingestions that changed lately. */
  readonly heard: () => Iterable<Ingestion>;
  readonly connection: () => Connection;
  readonly listen: (listener: () => void) => () => void;
  /** @returns stops listening */
  readonly onEnd: (listener: (ended: Ingestion) => void) => () => void;
  readonly stop: () => void;
}

/** The pause before a failed subscription is tried again, in ms. */
const RETRY_MS = 2_000;

/** How long changes are collected before listeners are notified, in ms: nobody reads faster. */
const TELL_AFTER_MS = 100;

/** How many ingestions each of the two maps keeps: a page may stay open for months. */
const MAX_KEPT_INGESTIONS = 5_000;

/** The place in the log after which nothing has happened yet. */
export async function findPlace(client: SluiceClient): Promise<string> {
  return (await client.request(LatestCursorDocument, {})).latestCursor;
}

/**
 * Follow all ingestions that the viewer may see.
 *
 * @param place - found before the page loaded anything, so that nothing is missed; null for a viewer who may not read
 * @param onGap - called when the page must be loaded again: something may have been missed, or will be forgotten
 */
export function follow(client: SluiceClient, place: string | null, onGap: () => void): Live {
  let latest = new Map<string, Ingestion>();
  /** Older ones. By the time they are dropped, everything shown has been loaded again. */
  let earlier: ReadonlyMap<string, Ingestion> = new Map();
  const listeners = new Set<() => void>();
  const endListeners = new Set<(ended: Ingestion) => void>();
  const stopping = new AbortController();
  const { signal } = stopping;
  let version = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const tell = () => {
    for (const listener of [...listeners]) listener();
  };
  const unlisten = client.connection.listen(tell);

  async function run(): Promise<void> {
    let after = place;
    for (;;) {
      try {
        const events = client.subscribe(ActivityDocument, { ...(after && { after }) }, { signal });
        for await (const { ingestionActivity } of events) hear(ingestionActivity.request);
      } catch (failure) {
        if (signal.aborted) return;
        if (failure instanceof GatewayError && failure.code === 'UNAUTHENTICATED') return onGap();
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      if (signal.aborted) return;
      after = await findPlace(client).catch(() => null);
      onGap();
    }
  }

  function hear(request: Ingestion) {
    latest.set(request.id, newest(request));
    if (latest.size >= MAX_KEPT_INGESTIONS) {
      earlier = latest;
      latest = new Map();
      onGap();
    }
    if (request.isTerminal) for (const listener of endListeners) listener(request);
    timer ??= setTimeout(() => {
      timer = undefined;
      version += 1;
      tell();
    }, TELL_AFTER_MS);
  }

  function newest(loaded: Ingestion): Ingestion {
    const heard = latest.get(loaded.id) ?? earlier.get(loaded.id);
    return heard ? toNewer(loaded, heard) : loaded;
  }

  void run();
  return {
    version: () => version,
    newest,
    *heard() {
      yield* earlier.values();
      yield* latest.values();
    },
    connection: client.connection.get,
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    onEnd(listener) {
      endListeners.add(listener);
      return () => void endListeners.delete(listener);
    },
    stop() {
      clearTimeout(timer);
      stopping.abort();
      unlisten();
    },
  };
}

/** An ended ingestion does not change. */
function toNewer(one: Ingestion, other: Ingestion): Ingestion {
  if (one.isTerminal !== other.isTerminal) return one.isTerminal ? one : other;
  return one.lastObservedAt > other.lastObservedAt ? one : other;
}
