import { toDuration, toTime } from '../format.js';
import type { Ingestion } from '../live.js';
import { toHref } from '../route.js';

const WIDTH = 1_000;
const HEIGHT = 320;
const LEFT = 56;
const BOTTOM = 24;
const TOP = 8;
const RIGHT = 12;

/** Lines of the scale, in seconds: as a clock divides time. */
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200];
const MOST_LINES = 6;
const TICKS = 5;

/** Each run a dot: when it began, and how long it took. A click opens it. */
export function Scatter({ runs }: { readonly runs: readonly Ingestion[] }) {
  const starts = runs.map(toStart);
  const first = Math.min(...starts);
  const spanMs = Math.max(1, Math.max(...starts) - first);
  const longestMs = Math.max(1_000, ...runs.map(({ durationMs }) => durationMs));
  const stepS = STEPS_S.find((step) => longestMs / (step * 1_000) <= MOST_LINES) ?? 86_400;
  const lines = Array.from(
    { length: Math.floor(longestMs / (stepS * 1_000)) + 1 },
    (_, index) => index * stepS * 1_000,
  );
  const toX = (at: number) => LEFT + ((at - first) / spanMs) * (WIDTH - LEFT - RIGHT);
  const toY = (durationMs: number) =>
    HEIGHT - BOTTOM - (durationMs / longestMs) * (HEIGHT - BOTTOM - TOP);
  const now = new Date();
  return (
    <svg className="scatter" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-label="Durations by start">
      {lines.map((durationMs) => (
        <g key={durationMs}>
          <line x1={LEFT} x2={WIDTH - RIGHT} y1={toY(durationMs)} y2={toY(durationMs)} />
          <text x={LEFT - 8} y={toY(durationMs) + 4} textAnchor="end">
            {durationMs === 0 ? '0' : toDuration(durationMs)}
          </text>
        </g>
      ))}
      {Array.from({ length: TICKS }, (_, index) => first + (spanMs * index) / (TICKS - 1)).map(
        (at, index) => (
          <text
            key={at}
            x={toX(at)}
            y={HEIGHT - 4}
            textAnchor={index === 0 ? 'start' : index === TICKS - 1 ? 'end' : 'middle'}
          >
            {toTime(new Date(at), now)}
          </text>
        ),
      )}
      {runs.map((run) => (
        <a
          key={run.id}
          className={run.status.toLowerCase()}
          href={toHref(['ingestions', run.mappingId, run.requestId])}
          aria-label={`${run.mappingId} ${run.requestId}, ${toDuration(run.durationMs)}`}
        >
          <circle cx={toX(toStart(run))} cy={toY(run.durationMs)} r={4.5}>
            <title>
              {`${run.mappingId} ${run.requestId}\n${toTime(new Date(toStart(run)), now)}, ${toDuration(run.durationMs)}`}
            </title>
          </circle>
        </a>
      ))}
    </svg>
  );
}

function toStart({ startedAt, firstObservedAt }: Ingestion): number {
  return Date.parse(startedAt ?? firstObservedAt);
}
