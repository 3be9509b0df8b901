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

/** An ingestion, as far as it has been heard of. */
export interface FollowedIngestion extends FeedState {
  /** Null until it is known. */
  readonly status: IngestionStatus | null;
  /** Nothing more will happen to it. */
  readonly isTerminal: boolean;
}

/** How a start goes. */
export type StartAttempt =
  | { readonly state: 'idle' }
  | { readonly state: 'starting' }
  /** The upstream's refusals are outcomes too. */
  | { readonly state: 'answered'; readonly outcome: StartOutcome }
  | { readonly state: 'failed'; readonly error: unknown };

/** How many transitions of activity are kept unless it is said. */
const ACTIVITY_LIMIT = 50;

const SluiceContext = createContext<SluiceClient | null>(null);

/** Give the components below it a client. */
export function SluiceProvider({
  client,
  children,
}: {
  readonly client: SluiceClient;
  readonly children?: ReactNode;
}): ReactNode {
  return createElement(SluiceContext.Provider, { value: client }, children);
}

/** The client of the {@link SluiceProvider} around this component. */
export function useSluiceClient(): SluiceClient {
  const client = useContext(SluiceContext);
  if (!client) throw new Error('There is no <SluiceProvider> around this component.');
  return client;
}

/**
 * Follow an ingestion, from its first transition to its terminal one. Components that follow the same one share one
 * subscription, which ends with the last of them.
 *
 * @param ref - null for none yet
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
 * Follow what happens from now on.
 *
 * @param mappingIds - all that the caller may see, where it is left out
 * @param limit - how many transitions are kept, the newest ones
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
 * Start ingestions. `attempt` tells of the last start; `start` gives its outcome, and null where it failed.
 *
 * A start goes on where its component is gone.
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
