import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * Parse a duration such as `90`, `90s`, `10m` or `1h30m`; a number alone means seconds.
 *
 * @returns in ms
 * @throws {InvalidArgumentError} it is not a duration
 */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  const isWhole = parts.map(([part]) => part).join('') === text;
  const durationMs = /^\d+(\.\d+)?$/.test(text)
    ? Number(text) * 1_000
    : parts.reduce((sum, [, number, unit]) => sum + Number(number) * (UNITS[unit ?? ''] ?? 0), 0);
  // Timers have no longer duration.
  if ((!isWhole && parts.length > 0) || durationMs <= 0 || durationMs > 2 ** 31 - 1) {
    throw new InvalidArgumentError('Expected a duration such as 90s, 10m or 1h30m, up to 24 days.');
  }
  return durationMs;
}

/** Format a duration like a clock: `4:05`, `1:02:03`. */
export function toClock(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1_000));
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const padded = (value: number) => String(value).padStart(2, '0');
  return h > 0 ? `${h}:${padded(m)}:${padded(s)}` : `${m}:${padded(s)}`;
}
