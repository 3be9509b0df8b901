import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef } from 'react';
import { Failure } from '../components/failure.js';
import { IngestionTable } from '../components/ingestion-table.js';
import { MappingNames } from '../components/mapping-names.js';
import { Notice } from '../components/notice.js';
import { SinceField } from '../components/since-field.js';
import { IngestionsDocument } from '../generated/operations.js';
import { type Choice, isChosen, readChoice, toFilter } from '../ingestion-choice.js';
import { isTyping } from '../keys.js';
import { choose, toHref, useRoute } from '../route.js';
import { useLive, useMay, useSession } from '../session.js';
import { useCounts } from '../use-counts.js';

const PAGE_SIZE = 50;

/** The live list of ingestions. */
export function IngestionsPage() {
  const { search } = useRoute();
  const choice = readChoice(search);
  const counts = useCounts();
  const mapping = useRef<HTMLInputElement>(null);

  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      if (event.key !== '/' || isTyping(event)) return;
      event.preventDefault();
      mapping.current?.select();
    };
    window.addEventListener('keydown', focus);
    return () => window.removeEventListener('keydown', focus);
  }, []);

  const tab = (name: Choice['tab'], label: string) => (
    <button
      type="button"
      aria-pressed={choice.tab === name}
      onClick={() => choose({ tab: name === 'all' ? '' : name })}
    >
      {label}
    </button>
  );
  return (
    <div className="page list-page">
      <h1>Ingestions</h1>
      <search className="filters">
        <fieldset className="tabs">
          <legend className="hidden">Which ingestions</legend>
          {tab('running', `Running (${counts.running})`)}
          {tab('failed', `Failed (${counts.failed})`)}
          {tab('all', 'All')}
        </fieldset>
        <label>
          Mapping
          <input
            ref={mapping}
            type="search"
            list="mapping-names"
            placeholder="Any"
            value={choice.mappingId}
            onChange={(event) => choose({ mapping: event.target.value })}
          />
        </label>
        <label>
          Started by
          <input
            type="search"
            placeholder="Anyone"
            value={choice.startedBy}
            onChange={(event) => choose({ by: event.target.value })}
          />
        </label>
        <SinceField value={choice.since} onChange={(since) => choose({ since })} />
        <MappingNames />
      </search>
      <Rows key={JSON.stringify(choice)} choice={choice} />
    </div>
  );
}

function Rows({ choice }: { readonly choice: Choice }) {
  const live = useLive();
  const { client, queries } = useSession();
  const mayStart = useMay('ingestion:start');
  const filter = useMemo(() => toFilter(choice, Date.now()), [choice]);
  const queryKey = ['Ingestions', 'pages', filter];
  const pages = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) =>
      client.request(
        IngestionsDocument,
        { filter, first: PAGE_SIZE, ...(pageParam && { after: pageParam }) },
        { signal },
      ),
    initialPageParam: '',
    getNextPageParam: ({ ingestionRequests: { pageInfo } }) =>
      pageInfo.hasNextPage ? pageInfo.endCursor : null,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const loaded = useMemo(
    () => pages.data?.pages.flatMap(({ ingestionRequests }) => ingestionRequests.nodes) ?? [],
    [pages.data],
  );

  /** Start again at the newest one, so that the loaded pages need not all be loaded again. */
  const showNew = () => {
    queries.setQueryData<typeof pages.data>(
      queryKey,
      (data) => data && { pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) },
    );
    void pages.refetch();
  };

  if (pages.isPending) return <p className="muted">Loading…</p>;
  if (pages.isError && loaded.length === 0) {
    return <Failure failure={pages.error} onRetry={() => void pages.refetch()} />;
  }
  const ids = new Set(loaded.map(({ id }) => id));
  const newestAt = loaded[0]?.firstObservedAt ?? '';
  const waiting = [...live.heard()].filter(
    (ingestion) =>
      !ids.has(ingestion.id) &&
      ingestion.firstObservedAt >= newestAt &&
      isChosen(choice, filter, ingestion),
  ).length;
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <>
      {waiting > 0 && (
        <button type="button" className="waiting-rows" onClick={showNew}>
          {waiting} new
        </button>
      )}
      {loaded.length > 0 ? (
        <IngestionTable
          ingestions={loaded.map(live.newest)}
          hasMore={pages.hasNextPage}
          onMore={() => {
            if (!pages.isFetchingNextPage) void pages.fetchNextPage();
          }}
        />
      ) : isFiltered ? (
        <Notice kind="info" title="No ingestion matches.">
          <button type="button" onClick={() => choose({ tab: '', mapping: '', by: '', since: '' })}>
            Show all
          </button>
        </Notice>
      ) : (
        <Notice kind="info" title="Nothing has been ingested yet.">
          {mayStart && <a href={toHref(['start'])}>Start an ingestion</a>}
        </Notice>
      )}
    </>
  );
}
