import { toDuration } from '../format.js';
import type { Ingestion } from '../live.js';
import { useNow } from '../use-now.js';

/** How long an ingestion took, or has taken so far. */
export function Elapsed({ ingestion }: { readonly ingestion: Ingestion }) {
  return ingestion.isTerminal ? (
    <span>{toDuration(ingestion.durationMs)}</span>
  ) : (
    <Running since={ingestion.startedAt ?? ingestion.firstObservedAt} />
  );
}

function Running({ since }: { readonly since: string }) {
  const elapsedMs = useNow() - Date.parse(since);
  return <span>{toDuration(Math.floor(Math.max(0, elapsedMs) / 1_000) * 1_000)}</span>;
}
