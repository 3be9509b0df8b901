import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import { memo, type RefObject, useEffect, useSyncExternalStore } from 'react';
import { toCount } from '../format.js';
import { isTyping } from '../keys.js';
import type { Ingestion } from '../live.js';
import { goTo, toHref } from '../route.js';
import { Elapsed } from './elapsed.js';
import { Status } from './status.js';
import { Time } from './time.js';

const COLUMNS = [
  'Mapping',
  'Request',
  'Status',
  'Number of records',
  'Start Time',
  'End Time',
  'Duration',
  'Started by',
  'BatchId',
  'Reason',
];

/** The heights of a row, in px, as in the stylesheet: one line, or a small card. */
const ROW_PX = 36;
const CARD_PX = 84;

/** The next page loads when so few rows are left below. */
const ROWS_AHEAD = 50;

const narrow = window.matchMedia('(max-width: 900px)');

/** The position in a list, restored when the viewer comes back to it. */
interface Place {
  scrollTop: number;
  /** Of the row that had the focus. */
  id: string;
}

const places = new Map<string, Place>();

/** A table of any number of ingestions. Only visible rows are rendered, and the row with the focus. */
export function IngestionTable({
  ref: scroller,
  name,
  ingestions,
  isGone,
  hasMore,
  onMore,
}: {
  readonly ref: RefObject<HTMLDivElement | null>;
  /** Lists with the same name show the same place. */
  readonly name: string;
  readonly ingestions: readonly Ingestion[];
  /** Whether one is still shown, but would not be loaded again. */
  readonly isGone: (ingestion: Ingestion) => boolean;
  readonly hasMore: boolean;
  readonly onMore: () => void;
}) {
  const place = places.get(name) ?? { scrollTop: 0, id: '' };
  places.set(name, place);
  const toIndex = () => ingestions.findIndex(({ id }) => id === place.id);
  const isNarrow = useSyncExternalStore(
    (listener) => {
      narrow.addEventListener('change', listener);
      return () => narrow.removeEventListener('change', listener);
    },
    () => narrow.matches,
  );
  const rowPx = isNarrow ? CARD_PX : ROW_PX;
  const virtualizer = useVirtualizer({
    count: ingestions.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    getItemKey: (index) => ingestions[index]?.id ?? index,
    overscan: 12,
    initialOffset: place.scrollTop,
    rangeExtractor(range) {
      const indices = defaultRangeExtractor(range);
      const at = toIndex();
      if (at < 0 || indices.includes(at)) return indices;
      return [...indices, at].sort((one, other) => one - other);
    },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another height moves every row
  useEffect(() => virtualizer.measure(), [rowPx]);

  const items = virtualizer.getVirtualItems();
  const last = virtualizer.range?.endIndex ?? 0;
  useEffect(() => {
    if (hasMore && last >= ingestions.length - ROWS_AHEAD) onMore();
  }, [hasMore, last, ingestions.length, onMore]);

  useEffect(() => {
    const move = (event: KeyboardEvent) => {
      const step = event.key === 'j' ? 1 : event.key === 'k' ? -1 : 0;
      if (step === 0 || isTyping(event)) return;
      const at = toIndex();
      const next = Math.min(ingestions.length - 1, Math.max(0, at + step));
      place.id = ingestions[next]?.id ?? '';
      virtualizer.scrollToIndex(next);
      const focus = () =>
        scroller.current?.querySelector<HTMLElement>(`[data-index="${next}"] a`)?.focus();
      focus();
      requestAnimationFrame(focus);
    };
    window.addEventListener('keydown', move);
    return () => window.removeEventListener('keydown', move);
  });

  return (
    // biome-ignore lint/a11y/useSemanticElements: rows of a virtual table are placed, which those of <table> cannot be
    <div
      className="grid"
      ref={scroller}
      tabIndex={-1}
      onScroll={({ currentTarget }) => {
        place.scrollTop = currentTarget.scrollTop;
      }}
      role="table"
      aria-label="Ingestions"
      aria-rowcount={hasMore ? -1 : ingestions.length + 1}
    >
      <Row className="head">
        {COLUMNS.map((name) => (
          // biome-ignore lint/a11y/useSemanticElements: as above
          // biome-ignore lint/a11y/useFocusableInteractive: a heading does nothing
          <span key={name} role="columnheader">
            {name}
          </span>
        ))}
      </Row>
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      <div role="rowgroup" className="grid-body" style={{ height: virtualizer.getTotalSize() }}>
        {items.map(({ index, start, key }) => {
          const ingestion = ingestions[index];
          return (
            ingestion && (
              <IngestionRow
                key={key}
                ingestion={ingestion}
                isGone={isGone(ingestion)}
                index={index}
                top={start}
                place={place}
              />
            )
          );
        })}
      </div>
    </div>
  );
}

/** Memoized, because there are many rows, and lists scroll. */
const IngestionRow = memo(function IngestionRow({
  ingestion,
  isGone,
  index,
  top,
  place,
}: {
  readonly ingestion: Ingestion;
  readonly isGone: boolean;
  readonly index: number;
  readonly top: number;
  /** Called when the row gets the focus. */
  readonly place: Place;
}) {
  const { mappingId, requestId, status, numRecords, batchId, failure, startedBy } = ingestion;
  const href = toHref(['ingestions', mappingId, requestId]);
  return (
    // biome-ignore lint/a11y/useSemanticElements: as above
    // biome-ignore lint/a11y/useFocusableInteractive: its link is what takes the focus
    // biome-ignore lint/a11y/useKeyWithClickEvents: its link is what takes keys
    <div
      role="row"
      className={isGone ? 'row gone' : 'row'}
      data-index={index}
      aria-rowindex={index + 2}
      style={{ transform: `translateY(${top}px)` }}
      onClick={({ target }) => {
        if (!(target as Element).closest('a') && getSelection()?.isCollapsed) goTo(href);
      }}
    >
      <Cell name="mapping">
        <a
          href={href}
          title={mappingId}
          onFocus={() => {
            place.id = ingestion.id;
          }}
        >
          {mappingId}
        </a>
      </Cell>
      <Cell name="request">{requestId}</Cell>
      <Cell name="status-cell">
        <Status status={status} />
      </Cell>
      <Cell name="records number">{numRecords === null ? '' : toCount(numRecords)}</Cell>
      <Cell name="start">
        <Time at={ingestion.startedAt ?? ingestion.firstObservedAt} isShort />
      </Cell>
      <Cell name="end">{ingestion.finishedAt && <Time at={ingestion.finishedAt} isShort />}</Cell>
      <Cell name="duration number">
        <Elapsed ingestion={ingestion} />
        {ingestion.isLongerThanUsual && (
          <span className="slow" title="Longer than 95 % of the last runs">
            {' '}
            slow
          </span>
        )}
      </Cell>
      <Cell name="by">{startedBy}</Cell>
      <Cell name="batch">{batchId}</Cell>
      <Cell name="reason">{failure?.message}</Cell>
    </div>
  );
});

function Row({
  className,
  children,
}: {
  readonly className: string;
  readonly children: React.ReactNode;
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: as above
    // biome-ignore lint/a11y/useFocusableInteractive: a row does nothing
    <div role="row" className={`row ${className}`} aria-rowindex={1}>
      {children}
    </div>
  );
}

function Cell({ name, children }: { readonly name: string; readonly children?: React.ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: as above
    <span
      role="cell"
      className={`cell ${name}`}
      title={typeof children === 'string' ? children : undefined}
    >
      {children}
    </span>
  );
}
