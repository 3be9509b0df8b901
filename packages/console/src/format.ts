const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

const numbers = new Intl.NumberFormat();
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const dayAndClock = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

/** A count, in the viewer's number format. */
export function toCount(count: number): string {
  return numbers.format(count);
}

/** How long something took: `0.4 s`, `1:50`, `2:03:10`, or `3 d 4 h`. */
export function toDuration(durationMs: number): string {
  if (durationMs < 10 * SECOND_MS) return `${(Math.max(0, durationMs) / SECOND_MS).toFixed(1)} s`;
  if (durationMs < MINUTE_MS) return `${Math.round(durationMs / SECOND_MS)} s`;
  const [days, hours, minutes, seconds] = [
    Math.floor(durationMs / DAY_MS),
    Math.floor(durationMs / HOUR_MS) % 24,
    Math.floor(durationMs / MINUTE_MS) % 60,
    Math.floor(durationMs / SECOND_MS) % 60,
  ];
  const pad = (part: number) => String(part).padStart(2, '0');
  if (days > 0) return `${days} d ${hours} h`;
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(seconds)}` : `${minutes}:${pad(seconds)}`;
}

/** A time in the viewer's time zone, with the day if that is not today. */
export function toTime(instant: Date, now: Date): string {
  const isToday = instant.toDateString() === now.toDateString();
  return (isToday ? clock : dayAndClock).format(instant);
}

/** How far from now: `3 s ago`, `in 7 s`. */
export function toDistance(instant: Date, now: number): string {
  const distanceMs = instant.getTime() - now;
  const length = toRoughLength(Math.abs(distanceMs));
  return distanceMs > 0 ? `in ${length}` : `${length} ago`;
}

function toRoughLength(lengthMs: number): string {
  if (lengthMs < MINUTE_MS) return `${Math.round(lengthMs / SECOND_MS)} s`;
  if (lengthMs < HOUR_MS) return `${Math.round(lengthMs / MINUTE_MS)} min`;
  if (lengthMs < 2 * DAY_MS) return `${Math.round(lengthMs / HOUR_MS)} h`;
  return `${Math.round(lengthMs / DAY_MS)} days`;
}
