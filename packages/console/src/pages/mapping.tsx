import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Failure } from '../components/failure.js';
import { JobTable } from '../components/job-table.js';
import { MappingActions } from '../components/mapping-actions.js';
import { MappingState } from '../components/mapping-state.js';
import { MoreButton } from '../components/more-button.js';
import { Notice } from '../components/notice.js';
import { Distance } from '../components/time.js';
import { UsualDuration } from '../components/usual-duration.js';
import { toInterval } from '../format.js';
import { JobsDocument, OneMappingDocument } from '../generated/operations.js';
import { toHref } from '../route.js';
import { useAsk, useHasRight, useSession } from '../session.js';

/** How often the page refreshes, in ms, because the gateway does not announce changes of mappings. */
const INTERVAL_MS = 5_000;

/** The state of one mapping, the actions on it, and its jobs. */
export function MappingPage({ mappingId }: { readonly mappingId: string }) {
  const ask = useAsk();
  const mayStart = useHasRight('ingestion:start');
  const query = useQuery({
    ...ask(OneMappingDocument, { mappingId }),
    refetchInterval: INTERVAL_MS,
  });
  if (query.isPending) return <p className="page muted">Loading…</p>;
  const mapping = query.data?.mapping;
  if (!mapping) {
    return (
      <div className="page">
        <h1>
          <bdi>{mappingId}</bdi>
        </h1>
        {query.error ? (
          <Failure failure={query.error} onRetry={() => void query.refetch()} />
        ) : (
          <Notice kind="info" title="There is no such mapping.">
            Neither the upstream nor the log has {mappingId}, or you may not see it.
          </Notice>
        )}
      </div>
    );
  }
  const { administration, label, usualDuration } = mapping;
  return (
    <div className="page">
      <div className="page-head">
        <h1>
          <bdi>{mappingId}</bdi> {label && <span className="muted">{label}</span>}
        </h1>
        <MappingState administration={administration} />
        <div className="actions">
          <MappingActions mappingId={mappingId} />
          {mayStart && (
            <a className="button primary" href={toHref(['start'], { mapping: mappingId })}>
              Start an ingestion
            </a>
          )}
        </div>
      </div>
      <section className="card" aria-label="Facts">
        <dl className="facts">
          {administration && (
            <>
              <dt>Next run</dt>
              <dd>
                {administration.nextRunAt ? (
                  <>
                    <Distance at={administration.nextRunAt} />
                    <span className="muted">
                      , every {toInterval(administration.runIntervalMs)}
                    </span>
                  </>
                ) : (
                  <span className="muted">none: the scheduler does not run it</span>
                )}
              </dd>
              <dt>Ingested up to</dt>
              <dd>
                {administration.watermark ?? (
                  <span className="muted">the next run sends everything</span>
                )}
              </dd>
            </>
          )}
          <dt>Usual duration</dt>
          <dd>
            {usualDuration ? (
              <UsualDuration usual={usualDuration} />
            ) : (
              <span className="muted">unknown before five runs</span>
            )}
          </dd>
          <dt>Ingestions</dt>
          <dd>
            <a href={toHref(['ingestions'], { mapping: mappingId })}>All of this mapping</a>
          </dd>
        </dl>
      </section>
      <Jobs mappingId={mappingId} />
    </div>
  );
}

function Jobs({ mappingId }: { readonly mappingId: string }) {
  const { client } = useSession();
  const pages = useInfiniteQuery({
    queryKey: ['Jobs', 'pages', mappingId],
    queryFn: ({ pageParam, signal }) =>
      client.request(
        JobsDocument,
        { mappingId, ...(pageParam && { after: pageParam }) },
        { signal },
      ),
    initialPageParam: '',
    getNextPageParam: ({ jobs }) => (jobs?.pageInfo.hasNextPage ? jobs.pageInfo.endCursor : null),
    refetchInterval: INTERVAL_MS,
  });
  if (pages.isPending) return <p className="muted">Loading…</p>;
  const lists = pages.data?.pages.map(({ jobs }) => jobs) ?? [];
  const jobs = lists.flatMap((list) => list?.nodes ?? []);
  return (
    <section className="card" aria-labelledby="jobs-title">
      <h2 id="jobs-title">Jobs</h2>
      {pages.error && <Failure failure={pages.error} onRetry={() => void pages.refetch()} />}
      {jobs.length > 0 && <JobTable jobs={jobs} />}
      {pages.data && jobs.length === 0 && (
        <p className="muted">
          {lists.includes(null) ? 'The upstream does not report jobs.' : 'No job has run it yet.'}
        </p>
      )}
      <MoreButton pages={pages} />
    </section>
  );
}
