import { type IngestionRecord, isTerminal, type RequestRef } from './ingestion-request.js';
import type { Clock, Watches, WatchReport } from './ports.js';

/**
 * Where a request stands, no older than asked.
 *
 * A terminal request is answered from the log without a call; so is one that was observed recently enough.
 * Otherwise the upstream is asked, once for all who ask at the same time.
 *
 * @param known - what the log has of it
 * @param maxAgeMs - how old the answer may be; null for the poll interval in force
 * @returns null where the upstream knows no such request
 * @throws {UpstreamError} what is known is too old, and the upstream gave no usable answer
 */
export async function ingestionStatus(
  { watches, clock }: { watches: Watches; clock: Clock },
  ref: RequestRef,
  known: IngestionRecord | null,
  maxAgeMs: number | null,
): Promise<IngestionRecord | null> {
  if (known && isTerminal(known.state.status)) return known;
  const report = known && (await watches.report(ref));
  if (known && report) {
    if (toAgeMs(known, report, clock) <= (maxAgeMs ?? report.intervalMs)) return known;
  }
  return watches.poll(ref);
}

/**
 * How old the last observation is, at least as old as either clock has it: the monotonic one stands still while a
 * machine sleeps, and the other one can be set back. Infinite where it seems to be of the future, and nobody
 * measured how old it is.
 */
function toAgeMs(known: IngestionRecord, report: WatchReport, clock: Clock): number {
  const wallMs = clock.now() - (report.lastObservedAt ?? known.changedAt);
  const measuredMs = report.observedAgoMs;
  if (measuredMs !== null) return Math.max(measuredMs, wallMs);
  return wallMs < 0 ? Number.POSITIVE_INFINITY : wallMs;
}
