import {
  createContext,
  createElement,
  type ReactNode,
  useCallback,
  useContext,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import {
  type FeedSource,
  type FeedState,
  listenToFeed,
  NOTHING_HEARD,
  readFeed,
  toFeedKey,
} from './feed.js';
import type { IngestionStatus, StartIngestionInput } from './generated/operations.js';
import type { RequestRef, SluiceClient, StartOutcome } from './sluice-client.js';

export type { FeedState } from './feed.js';

/** An ingestion, as its transitions arrive. */
export interface FollowedIngestion extends FeedState {
  /** Null until it is known. */
  readonly status: IngestionStatus | null;
  /** Whether the status is final. */
  readonly isTerminal: boolean;
}

/** The progress of a start. */
export type StartAttempt =
  | { readonly state: 'idle' }
  | { readonly state: 'starting' }
  /** The upstream's refusals are outcomes too. */
  | { readonly state: 'answered'; readonly outcome: StartOutcome }
  | { readonly state: 'failed'; readonly error: unknown };

/** How many transitions of activity are kept by default. */
const ACTIVITY_LIMIT = 50;

const SluiceContext = createContext<SluiceClient | null>(null);

/** Provide a client to the components below it. */
export function SluiceProvider({
  client,
  children,
}: {
  readonly client: SluiceClient;
  readonly children?: ReactNode;
}): ReactNode {
  return createElement(SluiceContext.Provider, { value: client }, children);
}

/** The client of the {@link SluiceProvider} above this component. */
export function useSluiceClient(): SluiceClient {
  const client = useContext(SluiceContext);
  if (!client) throw new Error('There is no <SluiceProvider> above this component.');
  return client;
}

/**
 * Follow an ingestion, from its first transition to its terminal one. Components that follow the same one share one
 * subscription, which ends with the last of them.
 *
 * @param ref - null while there is none
 */
export function useIngestion(ref: RequestRef | null): FollowedIngestion {
  const state = useFeed(
    ref && {
      kind: 'ingestion',
      ref: { mappingId: ref.mappingId, requestId: ref.requestId },
    },
  );
  const status = state.transitions.at(-1)?.to ?? null;
  return { ...state, status, isTerminal: status !== null && status !== 'IN_PROGRESS' };
}

/**
 * Follow all transitions from now on.
 *
 * @param mappingIds - if left out, all that the caller may see
 * @param limit - how many transitions are kept; the oldest are dropped
 */
export function useActivity({
  mappingIds,
  limit = ACTIVITY_LIMIT,
}: {
  readonly mappingIds?: readonly string[];
  readonly limit?: number;
} = {}): FeedState {
  return useFeed({
    kind: 'activity',
    mappingIds: mappingIds ? [...mappingIds].sort() : null,
    limit,
  });
}

/**
 * Start ingestions. `attempt` is the state of the last start. `start` returns the outcome, or null if the start failed.
 *
 * A start continues after its component is unmounted.
 */
export function useStartIngestion(): {
  readonly attempt: StartAttempt;
  readonly start: (input: StartIngestionInput) => Promise<StartOutcome | null>;
} {
  const client = useSluiceClient();
  const [attempt, setAttempt] = useState<StartAttempt>({ state: 'idle' });
  const count = useRef(0);
  const start = useCallback(
    async (input: StartIngestionInput) => {
      count.current += 1;
      const own = count.current;
      const tell = (told: StartAttempt) => {
        if (own === count.current) setAttempt(told);
      };
      tell({ state: 'starting' });
      try {
        const outcome = await client.start(input);
        tell({ state: 'answered', outcome });
        return outcome;
      } catch (error) {
        tell({ state: 'failed', error });
        return null;
      }
    },
    [client],
  );
  return { attempt, start };
}

function useFeed(source: FeedSource | null): FeedState {
  const client = useSluiceClient();
  const key = source && toFeedKey(source);
  const listen = useCallback(
    (listener: () => void) => (key === null ? () => {} : listenToFeed(client, key, listener)),
    [client, key],
  );
  return useSyncExternalStore(
    listen,
    () => readFeed(client, key),
    () => NOTHING_HEARD,
  );
}
