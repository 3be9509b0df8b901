import { useInfiniteQuery } from '@tanstack/react-query';
import { Failure } from '../components/failure.js';
import { MappingTable } from '../components/mapping-table.js';
import { MoreButton } from '../components/more-button.js';
import { Notice } from '../components/notice.js';
import { MappingsDocument } from '../generated/operations.js';
import { useSession } from '../session.js';

const PAGE_SIZE = 50;

/** How often the page refreshes, in ms, because the gateway does not announce changes of mappings. */
const INTERVAL_MS = 10_000;

/** The state of each mapping: Campaign's Status of data export to platform. */
export function MappingsPage() {
  const { client } = useSession();
  const pages = useInfiniteQuery({
    queryKey: ['Mappings', 'pages'],
    queryFn: ({ pageParam, signal }) =>
      client.request(
        MappingsDocument,
        { first: PAGE_SIZE, ...(pageParam && { after: pageParam }) },
        { signal },
      ),
    initialPageParam: '',
    getNextPageParam: ({ mappings: { pageInfo } }) =>
      pageInfo.hasNextPage ? pageInfo.endCursor : null,
    refetchInterval: INTERVAL_MS,
  });
  const mappings = pages.data?.pages.flatMap((page) => page.mappings.nodes) ?? [];
  return (
    <div className="page">
      <h1>Mappings</h1>
      <p className="muted">Status of data export to Platform</p>
      {pages.error && <Failure failure={pages.error} onRetry={() => void pages.refetch()} />}
      {pages.isPending && <p className="muted">Loading…</p>}
      {mappings.length > 0 && <MappingTable mappings={mappings} />}
      {pages.data && mappings.length === 0 && (
        <Notice kind="info" title="No mapping is known.">
          There is one here once the gateway has seen an ingestion of it.
        </Notice>
      )}
      <MoreButton pages={pages} />
    </div>
  );
}
