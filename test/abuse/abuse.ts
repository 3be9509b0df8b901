import { type AbuseReport, runAbuse } from './abuse-run.js';

/** Attacks on the socket at full strength; ends by itself. `npm run test:abuse -- [share of the full counts]` */
const share = Number(process.argv[2] ?? 1);

const toLine = (...cells: readonly string[]) =>
  cells.map((cell, index) => (index ? cell.padStart(9) : cell.padEnd(34))).join('');

console.log(toLine('', 'count', 'MB', 'peak', 'after', 'events', 'p50, ms', 'max, ms'));
await runAbuse(share, print);

function print({ name, count, outcome, lagsMs, ...memory }: AbuseReport): void {
  const sorted = [...lagsMs].sort((a, b) => a - b);
  const megabytes = [memory.beforeMb, memory.peakMb, memory.afterMb].map((mb) => mb.toFixed(0));
  const lags = [sorted[sorted.length >> 1], sorted.at(-1)].map((ms) => ms?.toFixed(0) ?? '-');
  console.log(toLine(name, `${count}`, ...megabytes, `${sorted.length}`, ...lags));
  console.log(`    ${outcome}`);
}
