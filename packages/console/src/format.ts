const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

const numbers = new Intl.NumberFormat();
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const day = { month: 'short', day: 'numeric' } as const;
const minute = { hour: '2-digit', minute: '2-digit' } as const;
const second = { ...minute, second: '2-digit' } as const;
const dayAndMinute = new Intl.DateTimeFormat(undefined, { ...day, ...minute });
const dayAndClock = new Intl.DateTimeFormat(undefined, { ...day, ...second });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const dateAndClock = new Intl.DateTimeFormat(undefined, { year: 'numeric', ...day, ...second });

/** A count, in the viewer's number format. */
export function toCount(count: number): string {
  return numbers.format(count);
}

/** How long something took: `0.4 s`, `1:50`, `2:03:10`, or `3 d 4 h`. */
export function toDuration(durationMs: number): string {
  if (durationMs < 10 * SECOND_MS) {
    return `${(Math.floor(Math.max(0, durationMs) / 100) / 10).toFixed(1)} s`;
  }
  if (durationMs < MINUTE_MS) return `${Math.floor(durationMs / SECOND_MS)} s`;
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

/** How often something happens: `15 min`, `1 h 30 min`, `1 d`. A clock's `15:00` would read as a time of day. */
export function toInterval(intervalMs: number): string {
  const parts = [
    [Math.floor(intervalMs / DAY_MS), 'd'],
    [Math.floor(intervalMs / HOUR_MS) % 24, 'h'],
    [Math.floor(intervalMs / MINUTE_MS) % 60, 'min'],
    [Math.floor(intervalMs / SECOND_MS) % 60, 's'],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** A time in the viewer's time zone, with the day if that is not today, and the year if that is not this one. */
export function toTime(instant: Date, now: Date, isShort = false): string {
  if (instant.toDateString() === now.toDateString()) return clock.format(instant);
  if (instant.getFullYear() === now.getFullYear()) {
    return (isShort ? dayAndMinute : dayAndClock).format(instant);
  }
  return (isShort ? date : dateAndClock).format(instant);
}

/** How far from now: `3 s ago`, `in 7 s`. */
export function toDistance(instant: Date, now: number): string {
  const distanceMs = instant.getTime() - now;
  const length = toRoughLength(Math.abs(distanceMs));
  return distanceMs > 0 ? `in ${length}` : `${length} ago`;
}

function toRoughLength(lengthMs: number): string {
  const seconds = Math.round(lengthMs / SECOND_MS);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(lengthMs / MINUTE_MS);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.round(lengthMs / HOUR_MS);
  return hours < 48 ? `${hours} h` : `${Math.round(lengthMs / DAY_MS)} days`;
}

/** Someone else's text within a sentence, isolated so that its direction doesn't affect the rest. */
export function isolate(text: string): string {
  return `\u2068${text}\u2069`;
}
