import { type IngestionRecord, isTerminal, type RequestRef } from './ingestion-request.js';
import type { Clock, Watches, WatchReport } from './ports.js';

/** What tells where requests stand. */
export interface StatusSources {
  readonly watches: Watches;
  readonly clock: Clock;
  /** The longest delay between two polls, in ms. */
  readonly pollMaxMs: number;
}

/** Who asks for a status, and how old it may be, in ms; null for the poll interval in force, {@link StatusSources.pollMaxMs} at most. */
export interface StatusQuestion {
  readonly caller: string;
  readonly maxAgeMs: number | null;
}

/**
 * Where a request stands, no older than asked.
 *
 * A terminal request is answered from the log without a call; so is one that was observed recently enough.
 * Otherwise the upstream is asked, once for all who ask at the same time. One that it did not know a moment ago
 * is not asked about again.
 *
 * @param known - what the log has of it
 * @returns null where the upstream knows no such request
 * @throws {UpstreamError} what is known is too old, and the upstream gave no usable answer
 */
export async function ingestionStatus(
  { watches, clock, pollMaxMs }: StatusSources,
  ref: RequestRef,
  known: IngestionRecord | null,
  { caller, maxAgeMs }: StatusQuestion,
): Promise<IngestionRecord | null> {
  if (known && isTerminal(known.state.status)) return known;
  const report = known && (await watches.report(ref));
  if (known && report && isYoung({ clock, pollMaxMs }, known, report, maxAgeMs)) return known;
  return known ? watches.poll(ref, caller) : lookFor(watches, ref, caller);
}

/**
 * The same, where nobody has to be waited for; null where somebody has.
 *
 * @param known - what the log has of it, as far as that is at hand
 */
export function recallStatus(
  sources: Pick<StatusSources, 'watches' | 'clock' | 'pollMaxMs'>,
  ref: RequestRef,
  known: IngestionRecord | null,
  maxAgeMs: number | null,
): IngestionRecord | null {
  if (!known || isTerminal(known.state.status)) return known;
  const report = sources.watches.recall(ref);
  return report && isYoung(sources, known, report, maxAgeMs) ? known : null;
}

function isYoung(
  { clock, pollMaxMs }: Pick<StatusSources, 'clock' | 'pollMaxMs'>,
  known: IngestionRecord,
  report: WatchReport,
  maxAgeMs: number | null,
): boolean {
  const allowedMs = maxAgeMs ?? Math.min(report.intervalMs, pollMaxMs);
  return toAgeMs(known, report, clock) <= allowedMs;
}

/**
 * Ask the upstream about a request that the log does not know, unless it did not know it either a moment ago.
 *
 * @returns null where it knows no such request
 * @throws {UpstreamError} it gave no usable answer
 */
export async function lookFor(
  watches: Pick<Watches, 'poll' | 'isUnknown'>,
  ref: RequestRef,
  caller: string,
): Promise<IngestionRecord | null> {
  return watches.isUnknown(ref) ? null : watches.poll(ref, caller);
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
