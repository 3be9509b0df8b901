import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef } from 'react';
import { Failure } from '../components/failure.js';
import { FirstIngestion } from '../components/first-ingestion.js';
import { IngestionTable } from '../components/ingestion-table.js';
import { MappingNames } from '../components/mapping-names.js';
import { Notice } from '../components/notice.js';
import { SinceField } from '../components/since-field.js';
import { IngestionsDocument } from '../generated/operations.js';
import { type Choice, isChosen, readChoice, toFilter } from '../ingestion-choice.js';
import { isTyping } from '../keys.js';
import type { Ingestion } from '../live.js';
import { choose, useRoute } from '../route.js';
import { useLive, useSession } from '../session.js';
import { useCounts } from '../use-counts.js';

const PAGE_SIZE = 100;

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
  const version = live.version();
  const { client, queries } = useSession();
  const table = useRef<HTMLDivElement>(null);
  const queryKey = ['Ingestions', 'pages', choice];
  const pages = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) =>
      client.request(
        IngestionsDocument,
        {
          filter: toFilter(choice, Date.now()),
          first: PAGE_SIZE,
          ...(pageParam && { after: pageParam }),
        },
        { signal },
      ),
    initialPageParam: '',
    getNextPageParam: ({ ingestionRequests: { pageInfo } }) =>
      pageInfo.hasNextPage ? pageInfo.endCursor : null,
    staleTime: Number.POSITIVE_INFINITY,
    // It would compare all pages with each one that is added.
    structuralSharing: false,
  });
  const loaded = useMemo(
    () => pages.data?.pages.flatMap(({ ingestionRequests }) => ingestionRequests.nodes) ?? [],
    [pages.data],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is newest changes with the version
  const shown = useMemo(() => loaded.map(live.newest), [loaded, live, version]);

  /** Start again at the newest one, so that the loaded pages need not all be loaded again. */
  const showNew = async () => {
    table.current?.scrollTo({ top: 0 });
    queries.setQueryData<typeof pages.data>(
      queryKey,
      (data) => data && { pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) },
    );
    await pages.refetch();
    // The button is gone, and the focus should not be.
    table.current?.focus();
  };

  if (pages.isPending) return <p className="muted">Loading…</p>;
  if (pages.isError && loaded.length === 0) {
    return <Failure failure={pages.error} onRetry={() => void pages.refetch()} />;
  }
  const filter = toFilter(choice, Date.now());
  const ids = new Set(loaded.map(({ id }) => id));
  const oldestAt = pages.hasNextPage ? (loaded.at(-1)?.firstObservedAt ?? '') : '';
  const waiting = new Set(
    [...live.heard()]
      .filter(({ id, firstObservedAt }) => !ids.has(id) && firstObservedAt >= oldestAt)
      .map(live.newest)
      .filter((ingestion) => isChosen(choice, filter, ingestion))
      .map(({ id }) => id),
  ).size;
  const isGone = (ingestion: Ingestion) => !isChosen(choice, {}, ingestion);
  const goneCount = shown.filter(isGone).length;
  const news = [
    waiting > 0 && `${waiting} new`,
    goneCount > 0 && `${goneCount} no longer ${choice.tab}`,
  ].filter((part) => part !== false);
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <>
      {news.length > 0 && (
        <button type="button" className="waiting-rows" onClick={() => void showNew()}>
          {news.join(', ')}
        </button>
      )}
      {shown.length > 0 ? (
        <IngestionTable
          ref={table}
          name={JSON.stringify(choice)}
          ingestions={shown}
          isGone={isGone}
          hasMore={pages.hasNextPage}
          onMore={() => {
            // It would end one that asks for what is new.
            if (!pages.isFetching) void pages.fetchNextPage();
          }}
        />
      ) : isFiltered ? (
        <Notice kind="info" title="No ingestion matches.">
          <button type="button" onClick={() => choose({ tab: '', mapping: '', by: '', since: '' })}>
            Show all
          </button>
        </Notice>
      ) : (
        <FirstIngestion />
      )}
    </>
  );
}
