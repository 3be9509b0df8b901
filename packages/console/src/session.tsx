import {
  createSluiceClient,
  GatewayError,
  type SluiceClient,
  type TypedText,
} from '@sluice/client';
import { QueryCache, QueryClient } from '@tanstack/react-query';
import { createContext, useContext, useSyncExternalStore } from 'react';
import type { ViewerQuery } from './generated/operations.js';
import { follow, type Live } from './live.js';
import { readAccessToken, signOutOfProvider } from './open-id.js';

/** The viewer, and their client. */
export interface Session {
  readonly viewer: ViewerQuery['viewer'];
  readonly client: SluiceClient;
  readonly live: Live;
  readonly queries: QueryClient;
}

/** Where a token is kept until its tab is closed. */
const TOKEN_KEY = 'sluice.token';

/** What this tab signs in with: what was pasted, or a token of the OpenID provider; empty where there is neither. */
export async function readToken(): Promise<string> {
  return sessionStorage.getItem(TOKEN_KEY) ?? readAccessToken();
}

/** Keep a token for this tab. */
export function keepToken(token: string): void {
  sessionStorage.setItem(TOKEN_KEY, token);
}

/** Forget what this tab signs in with. */
export async function signOut(): Promise<void> {
  sessionStorage.removeItem(TOKEN_KEY);
  await signOutOfProvider();
}

/** A client of the gateway that this page comes from. */
export function connect(): SluiceClient {
  return createSluiceClient({ url: new URL('graphql', document.baseURI), token: readToken });
}

/** Whether the gateway does not, or no longer, accept the viewer. */
export function isSignedOut(failure: unknown): boolean {
  return failure instanceof GatewayError && failure.code === 'UNAUTHENTICATED';
}

/**
 * Begin to follow transitions.
 *
 * @param place - see {@link follow}
 * @param onSignedOut - called if the gateway no longer accepts the viewer
 */
export function createSession(
  client: SluiceClient,
  viewer: ViewerQuery['viewer'],
  place: string | null,
  onSignedOut: () => void,
): Session {
  const queries = new QueryClient({
    queryCache: new QueryCache({
      onError(failure) {
        if (isSignedOut(failure)) onSignedOut();
      },
    }),
    defaultOptions: { queries: { staleTime: 2_000, retry: 1, networkMode: 'always' } },
  });
  const live = follow(client, place, () => void queries.invalidateQueries());
  return { viewer, client, live, queries };
}

/** The session of this page. */
export const SessionContext = createContext<Session | null>(null);

/** The session of this page. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('The session is only available to signed-in pages.');
  return session;
}

/** Render again with each change of an ingestion. */
export function useLive(): Live {
  const { live } = useSession();
  useSyncExternalStore(live.listen, live.version);
  return live;
}

/** Whether the viewer may do this, such as `ingestion:start`. */
export function useHasRight(right: string): boolean {
  return useSession().viewer.rights.includes(right);
}

/** Query the gateway, in the form that TanStack Query requires. */
export function useAsk() {
  const { client } = useSession();
  return <Data, Variables>(document: TypedText<Data, Variables>, variables: Variables) => ({
    queryKey: [operationNameOf(document), variables] as const,
    queryFn: ({ signal }: { readonly signal: AbortSignal }): Promise<Data> =>
      client.request(document, variables, { signal }),
  });
}

/** The name of a document's operation, which is the key of its cached answers. */
export function operationNameOf(document: { toString(): string }): string {
  return /(?:query|mutation) (\w+)/.exec(document.toString())?.[1] ?? '';
}
