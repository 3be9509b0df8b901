import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { toCommand } from '../command.js';
import { CopyButton } from '../components/copy-button.js';
import { Elapsed } from '../components/elapsed.js';
import { Failure } from '../components/failure.js';
import { FailureReport } from '../components/failure-report.js';
import { JobTable } from '../components/job-table.js';
import { Lineage } from '../components/lineage.js';
import { Notice } from '../components/notice.js';
import { NotifyButton } from '../components/notify-button.js';
import { RawJson } from '../components/raw-json.js';
import { RetryButton } from '../components/retry-button.js';
import { Status } from '../components/status.js';
import { Time } from '../components/time.js';
import { Timeline } from '../components/timeline.js';
import { UsualDuration } from '../components/usual-duration.js';
import { WatchState } from '../components/watch-state.js';
import { toCount } from '../format.js';
import { OneIngestionDocument } from '../generated/operations.js';
import { toHref } from '../route.js';
import { useAsk, useHasRight, useLive } from '../session.js';

/** How often the watch is refreshed while it continues, in ms. */
const WATCH_INTERVAL_MS = 3_000;

/** Everything about one ingestion. */
export function IngestionPage({
  mappingId,
  requestId,
}: {
  readonly mappingId: string;
  readonly requestId: string;
}) {
  const ask = useAsk();
  const live = useLive();
  const mayStart = useHasRight('ingestion:start');
  const query = useQuery({
    ...ask(OneIngestionDocument, { mappingId, requestId }),
    refetchInterval: ({ state }) =>
      state.data?.ingestionStatus?.isTerminal ? false : WATCH_INTERVAL_MS,
  });
  const loaded = query.data?.ingestionStatus;
  const ingestion = loaded && { ...loaded, ...live.newest(loaded) };
  const isBehind = loaded && ingestion?.status !== loaded.status;
  const { refetch } = query;
  useEffect(() => {
    if (isBehind) void refetch();
  }, [isBehind, refetch]);

  if (query.isPending) return <p className="page muted">Loading…</p>;
  if (!ingestion) {
    return (
      <div className="page">
        <h1>
          <bdi>{mappingId}</bdi> <span className="muted">{requestId}</span>
        </h1>
        {query.error ? (
          <Failure failure={query.error} onRetry={() => void refetch()} />
        ) : (
          <Notice kind="info" title="There is no such ingestion.">
            The upstream knows no request {requestId} of {mappingId}, or you may not see it.
          </Notice>
        )}
      </div>
    );
  }
  const usual = query.data?.mapping?.usualDuration;
  return (
    <div className="page">
      <div className="page-head">
        <h1>
          <bdi>{mappingId}</bdi> <span className="muted">{requestId}</span>
        </h1>
        <Status status={ingestion.status} />
        <div className="actions">
          {mayStart && ingestion.isTerminal && <RetryButton ingestion={ingestion} />}
          {!ingestion.isTerminal && <NotifyButton />}
          <CopyButton text={toDocument(mappingId, requestId)} label="Copy as GraphQL" />
          <CopyButton text={toCommand('watch', [mappingId, requestId])} label="Copy as command" />
        </div>
      </div>
      <FailureReport ingestion={ingestion} />
      <div className="columns">
        <div className="stack">
          <section className="card" aria-labelledby="timeline-title">
            <h2 id="timeline-title">Timeline</h2>
            <Timeline ingestion={ingestion} />
            <WatchState ingestion={ingestion} />
          </section>
          <Lineage ingestion={ingestion} />
        </div>
        <div className="stack">
          <section className="card" aria-labelledby="facts-title">
            <h2 id="facts-title">Facts</h2>
            <dl className="facts">
              <dt>Duration</dt>
              <dd>
                <Elapsed ingestion={ingestion} />{' '}
                <UsualDuration usual={usual ?? null} ingestion={ingestion} />
              </dd>
              <dt>Number of records</dt>
              <dd>{ingestion.numRecords === null ? '–' : toCount(ingestion.numRecords)}</dd>
              <dt>Start Time</dt>
              <dd>
                <Time at={ingestion.startedAt ?? ingestion.firstObservedAt} />
                {ingestion.startedAt === null && (
                  <span className="muted"> first seen; started elsewhere</span>
                )}
              </dd>
              <dt>End Time</dt>
              <dd>
                <Time at={ingestion.finishedAt} />
              </dd>
              <dt>Started by</dt>
              <dd>{ingestion.startedBy ?? <span className="muted">not known</span>}</dd>
              <dt>BatchId</dt>
              <dd>{ingestion.batchId ?? ingestion.job?.batchId ?? '–'}</dd>
              <dt>Mapping</dt>
              <dd>
                <a href={toHref(['mappings', mappingId])}>
                  {query.data?.mapping?.label ?? mappingId}
                </a>
              </dd>
            </dl>
          </section>
        </div>
      </div>
      {ingestion.job && (
        <section className="card" aria-labelledby="job-title">
          <h2 id="job-title">Job</h2>
          <JobTable jobs={[ingestion.job]} />
        </section>
      )}
      <RawJson value={ingestion} />
    </div>
  );
}

function toDocument(mappingId: string, requestId: string): string {
  const names = `mappingId: ${JSON.stringify(mappingId)}, requestId: ${JSON.stringify(requestId)}`;
  return `subscription {
  ingestionStatusChanged(${names}) {
    from
    to
    observedAt
    numRecords
    failure { code message isRetryable }
    cursor
  }
}
`;
}
