import type { IngestionRequestFilter, IngestionStatus } from './generated/operations.js';
import type { Ingestion } from './live.js';

/** Which ingestions the list shows, from the address. */
export interface Choice {
  readonly tab: 'running' | 'failed' | 'all';
  readonly mappingId: string;
  readonly startedBy: string;
  /** Such as `24h`; empty for any time. */
  readonly since: string;
}

const STATUSES: Readonly<Record<Choice['tab'], readonly IngestionStatus[] | null>> = {
  running: ['IN_PROGRESS'],
  failed: ['FAILED', 'ABORTED'],
  all: null,
};

const HOUR_MS = 3_600_000;

/** The choice in the address; invalid parts are ignored. */
export function readChoice(search: URLSearchParams): Choice {
  const tab = search.get('tab');
  return {
    tab: tab === 'running' || tab === 'failed' ? tab : 'all',
    mappingId: search.get('mapping')?.trim() ?? '',
    startedBy: search.get('by')?.trim() ?? '',
    since: search.get('since') ?? '',
  };
}

/** The same for the gateway. */
export function toFilter(
  { tab, mappingId, startedBy, since }: Choice,
  now: number,
): IngestionRequestFilter {
  const statuses = STATUSES[tab];
  const hours = Number.parseInt(since, 10);
  return {
    ...(statuses && { statuses: [...statuses] }),
    ...(mappingId && { mappingIds: [mappingId] }),
    ...(startedBy && { startedBy }),
    ...(hours > 0 && { observedAfter: new Date(now - hours * HOUR_MS).toISOString() }),
  };
}

/** Whether an ingestion matches the choice. */
export function isChosen(
  { tab, mappingId, startedBy }: Choice,
  { observedAfter }: IngestionRequestFilter,
  ingestion: Ingestion,
): boolean {
  return (
    (STATUSES[tab]?.includes(ingestion.status) ?? true) &&
    (mappingId === '' || ingestion.mappingId === mappingId) &&
    (startedBy === '' || ingestion.startedBy === startedBy) &&
    (!observedAfter || ingestion.firstObservedAt >= observedAfter)
  );
}
