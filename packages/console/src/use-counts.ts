import { useQuery } from '@tanstack/react-query';
import { IngestionsDocument, type IngestionsQuery } from './generated/operations.js';
import type { Ingestion, Live } from './live.js';
import { useAsk, useLive } from './session.js';

/** The highest count: more are shown as `100+`. */
const MOST = 100;

/** How often the gateway is asked for counts that the page cannot keep itself, in ms. */
const UNCOUNTED_INTERVAL_MS = 15_000;

/** How many ingestions run, and how many failed, in words. */
export function useCounts(): { readonly running: string; readonly failed: string } {
  const ask = useAsk();
  const live = useLive();
  const options = {
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: ({
      state,
    }: {
      readonly state: { readonly data?: IngestionsQuery | undefined };
    }) => (state.data?.ingestionRequests.pageInfo.hasNextPage ? UNCOUNTED_INTERVAL_MS : false),
  } as const;
  const running = useQuery({
    ...ask(IngestionsDocument, { filter: { statuses: ['IN_PROGRESS'] }, first: MOST }),
    ...options,
  });
  const failed = useQuery({
    ...ask(IngestionsDocument, { filter: { statuses: ['FAILED', 'ABORTED'] }, first: MOST }),
    ...options,
  });
  return {
    running: count(running.data, live, ({ isTerminal }) => !isTerminal),
    failed: count(failed.data, live, ({ status }) => status === 'FAILED' || status === 'ABORTED'),
  };
}

function count(
  data: IngestionsQuery | undefined,
  live: Live,
  isCounted: (ingestion: Ingestion) => boolean,
): string {
  if (!data) return '…';
  const { nodes, pageInfo } = data.ingestionRequests;
  if (pageInfo.hasNextPage) return `${MOST}+`;
  const all = new Map([...nodes, ...live.heard()].map((one) => [one.id, live.newest(one)]));
  return String([...all.values()].filter(isCounted).length);
}
