import { type IngestionRecord, isTerminal, type RequestRef } from './ingestion-request.js';
import type { Clock, Watches } from './ports.js';

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
    const observedAt = report.lastObservedAt ?? known.changedAt;
    if (clock.now() - observedAt <= (maxAgeMs ?? report.intervalMs)) return known;
  }
  return watches.poll(ref);
}
