import { type Connection, GatewayError, type SluiceClient } from '@sluice/client';
import { ActivityDocument, type IngestionFragment } from './generated/operations.js';

/** An ingestion, as the gateway reports it. */
export type Ingestion = IngestionFragment;

/** What happens while the page is open. */
export interface Live {
  /** Changes with each change of an ingestion. */
  readonly version: () => number;
  /** The newer one: this, or what arrived since. */
  readonly newest: (loaded: Ingestion) => Ingestion;
  /** All ingestions that changed, the most recent last. */
  readonly heard: () => Iterable<Ingestion>;
  readonly connection: () => Connection;
  readonly listen: (listener: () => void) => () => void;
  /** @returns stops listening */
  readonly onEnd: (listener: (ended: Ingestion) => void) => () => void;
  readonly stop: () => void;
}

/** The pause before a failed subscription is tried again, in ms. */
const RETRY_MS = 2_000;

/**
 * Follow all ingestions that the viewer may see.
 *
 * @param onGap - called if something may have been missed, so that the page must be loaded again
 */
export function follow(client: SluiceClient, onGap: () => void): Live {
  const latest = new Map<string, Ingestion>();
  const listeners = new Set<() => void>();
  const endListeners = new Set<(ended: Ingestion) => void>();
  const stopping = new AbortController();
  const { signal } = stopping;
  let version = 0;

  const tell = () => {
    for (const listener of [...listeners]) listener();
  };
  const unlisten = client.connection.listen(tell);

  async function run(): Promise<void> {
    for (;;) {
      try {
        for await (const { ingestionActivity } of client.subscribe(
          ActivityDocument,
          {},
          { signal },
        )) {
          hear(ingestionActivity);
        }
      } catch (failure) {
        if (signal.aborted) return;
        if (failure instanceof GatewayError && failure.code === 'UNAUTHENTICATED') return onGap();
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      if (signal.aborted) return;
      onGap();
    }
  }

  function hear({ from, request }: { readonly from: string | null; readonly request: Ingestion }) {
    const known = latest.get(request.id);
    latest.set(request.id, known ? toNewer(known, request) : request);
    version += 1;
    // The first transition happened earlier.
    if (request.isTerminal && from !== null) for (const listener of endListeners) listener(request);
    tell();
  }

  void run();
  return {
    version: () => version,
    newest(loaded) {
      const heard = latest.get(loaded.id);
      return heard ? toNewer(loaded, heard) : loaded;
    },
    heard: () => latest.values(),
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
