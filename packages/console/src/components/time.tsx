import { toDistance, toTime } from '../format.js';
import { useNow, useToday } from '../use-now.js';

/** An instant in the viewer's time zone, and in UTC on hover. */
export function Time({
  at,
  isShort = false,
}: {
  readonly at: string | null;
  /** Without the seconds, if it is of another day. */
  readonly isShort?: boolean;
}) {
  const today = useToday();
  if (at === null) return <span className="muted">–</span>;
  const instant = new Date(at);
  return (
    <time dateTime={at} title={toUtc(instant)}>
      {toTime(instant, new Date(today), isShort)}
    </time>
  );
}

/** How far an instant is from now. */
export function Distance({ at }: { readonly at: string }) {
  const now = useNow();
  const instant = new Date(at);
  return (
    <time dateTime={at} title={toUtc(instant)}>
      {toDistance(instant, now)}
    </time>
  );
}

function toUtc(instant: Date): string {
  return instant.toISOString().replace('T', ' ').replace('Z', ' UTC');
}
