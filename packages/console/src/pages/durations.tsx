import { useQuery } from '@tanstack/react-query';
import { Failure } from '../components/failure.js';
import { MappingNames } from '../components/mapping-names.js';
import { Notice } from '../components/notice.js';
import { Percentiles } from '../components/percentiles.js';
import { Scatter } from '../components/scatter.js';
import { SinceField } from '../components/since-field.js';
import { Status } from '../components/status.js';
import { toCount } from '../format.js';
import { IngestionsDocument, type IngestionsQuery } from '../generated/operations.js';
import { readChoice, toFilter } from '../ingestion-choice.js';
import type { Ingestion } from '../live.js';
import { choose, useRoute } from '../route.js';
import { useLive, useSession } from '../session.js';

/** How many runs are drawn: more would be a cloud, and take long to load. */
const MAX_RUNS = 1_000;

const PAGE_SIZE = 100;

interface Sample {
  readonly runs: readonly Ingestion[];
  readonly isWhole: boolean;
}

/** How long runs take: a dot for each, and percentiles for each mapping. */
export function DurationsPage() {
  const { search } = useRoute();
  const { client } = useSession();
  const live = useLive();
  const choice = readChoice(search);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['Durations', choice.mappingId, choice.since],
    queryFn: async ({ signal }): Promise<Sample> => {
      const filter = toFilter({ ...choice, tab: 'all', startedBy: '' }, Date.now());
      const runs: Ingestion[] = [];
      let after: string | null = null;
      do {
        const page: IngestionsQuery = await client.request(
          IngestionsDocument,
          { filter, first: PAGE_SIZE, ...(after !== null && { after }) },
          { signal },
        );
        const { nodes, pageInfo } = page.ingestionRequests;
        runs.push(...nodes);
        after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
      } while (after !== null && runs.length < MAX_RUNS);
      return { runs, isWhole: after === null };
    },
    staleTime: 60_000,
  });
  const runs = data?.runs.map(live.newest) ?? [];
  return (
    <div className="page">
      <h1>Durations</h1>
      <search className="filters">
        <label>
          Mapping
          <input
            type="search"
            list="mapping-names"
            placeholder="Any"
            value={choice.mappingId}
            onChange={(event) => choose({ mapping: event.target.value })}
          />
        </label>
        <SinceField value={choice.since} onChange={(since) => choose({ since })} />
        <MappingNames />
      </search>
      {error && <Failure failure={error} onRetry={() => void refetch()} />}
      {isPending && <p className="muted">Loading…</p>}
      {data && runs.length === 0 && <Notice kind="info" title="No run matches." />}
      {data && runs.length > 0 && (
        <>
          <figure className="card">
            <figcaption className="legend">
              <span className="muted">
                {data.isWhole
                  ? `All ${toCount(runs.length)} runs`
                  : `The newest ${toCount(runs.length)} runs; there are more`}
              </span>
              <Status status="SUCCESS" />
              <Status status="FAILED" />
              <Status status="IN_PROGRESS" />
            </figcaption>
            <Scatter runs={runs} />
          </figure>
          <Percentiles runs={runs} />
        </>
      )}
    </div>
  );
}
