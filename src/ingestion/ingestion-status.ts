import { type IngestionRecord, isTerminal, type RequestRef } from './ingestion-request.js';
import type { Clock, LastObservation, Watches } from './ports.js';

/** Where statuses come from. */
export interface StatusSources {
  readonly watches: Watches;
  readonly clock: Clock;
  /** The longest delay between two polls, in ms. */
  readonly pollMaxMs: number;
}

/**
 * Who asks for a status, and how old it may be, in ms; null for {@link StatusSources.pollMaxMs}. A watch polls more
 * often than that, so that a question without an age seldom waits for the upstream.
 */
export interface StatusQuestion {
  readonly caller: string;
  readonly maxAgeMs: number | null;
}

/**
 * The status of a request, no older than asked for.
 *
 * A terminal or recently observed request is answered from the log without a call. Otherwise the upstream is asked,
 * once for all who ask at the same time. A request that the upstream did not know a moment ago is not asked about
 * again.
 *
 * @param known - what the log has about it
 * @returns null if the upstream knows no such request
 * @throws {UpstreamError} the known status is too old, and the upstream gave no usable answer
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
  return known ? watches.poll(ref, caller) : pollUnlessUnknown(watches, ref, caller);
}

/**
 * The same without waiting; null if it needs a wait.
 *
 * @param known - what the log has about it, if that is in memory
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
  report: LastObservation,
  maxAgeMs: number | null,
): boolean {
  const allowedMs = maxAgeMs ?? pollMaxMs;
  return toAgeMs(known, report, clock) <= allowedMs;
}

/**
 * Ask the upstream about a request that the log does not know, unless the upstream did not know it a moment ago.
 *
 * @returns null if the upstream knows no such request
 * @throws {UpstreamError} it gave no usable answer
 */
export async function pollUnlessUnknown(
  watches: Pick<Watches, 'poll' | 'isUnknown'>,
  ref: RequestRef,
  caller: string,
): Promise<IngestionRecord | null> {
  return watches.isUnknown(ref) ? null : watches.poll(ref, caller);
}

/**
 * The age of the last observation: the larger of what the two clocks say. The monotonic clock stands still while a
 * machine sleeps, and the other one can be set back. Infinite if the observation seems to be from the future and
 * nobody measured its age.
 */
function toAgeMs(known: IngestionRecord, report: LastObservation, clock: Clock): number {
  const wallMs = clock.now() - (report.lastObservedAt ?? known.changedAt);
  const measuredMs = report.observedAgoMs;
  if (measuredMs !== null) return Math.max(measuredMs, wallMs);
  return wallMs < 0 ? Number.POSITIVE_INFINITY : wallMs;
}
