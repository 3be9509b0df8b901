import { toDuration } from '../format.js';
import type { MappingStateFragment } from '../generated/operations.js';
import type { Ingestion } from '../live.js';

/** How long runs of a mapping usually take, and whether this one takes longer. */
export function UsualDuration({
  usual,
  ingestion,
}: {
  readonly usual: MappingStateFragment['usualDuration'];
  readonly ingestion?: Ingestion;
}) {
  if (!usual) return null;
  const { p50Ms, p95Ms, runs } = usual;
  return (
    <span
      className={ingestion?.isLongerThanUsual ? 'slow' : 'muted'}
      title={`Half of the last ${runs} runs took no longer than the first, 95 % no longer than the second`}
    >
      {ingestion && 'usually '}
      {toDuration(p50Ms)} – {toDuration(p95Ms)}
      {ingestion?.isLongerThanUsual && ', longer than usual'}
    </span>
  );
}
