import { type RefObject, useLayoutEffect, useRef, useState } from 'react';
import { toDuration, toTime } from '../format.js';
import type { Ingestion } from '../live.js';
import { toHref } from '../route.js';

const HEIGHT = 300;
const LEFT = 56;
const BOTTOM = 24;
const TOP = 8;
const RIGHT = 12;
/** Keeps dots off the edges of the scale. */
const INSET = 10;

/** Lines of the scale, in seconds, at the divisions of a clock. */
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200];
const MAX_SCALE_LINES = 6;
const LABEL_PX = 150;

/** Each run is a dot that shows when it began and how long it took. A click opens it. */
export function Scatter({ runs }: { readonly runs: readonly Ingestion[] }) {
  const svg = useRef<SVGSVGElement>(null);
  const width = useWidth(svg);
  const tickCount = Math.max(2, Math.min(6, Math.floor(width / LABEL_PX)));
  const starts = runs.map(toStart);
  const first = Math.min(...starts);
  const spanMs = Math.max(1, Math.max(...starts) - first);
  const longestMs = Math.max(1_000, ...runs.map(({ durationMs }) => durationMs));
  const stepS = STEPS_S.find((step) => longestMs / (step * 1_000) <= MAX_SCALE_LINES) ?? 86_400;
  const lines = Array.from(
    { length: Math.floor(longestMs / (stepS * 1_000)) + 1 },
    (_, index) => index * stepS * 1_000,
  );
  const toX = (at: number) =>
    LEFT + INSET + ((at - first) / spanMs) * (width - LEFT - RIGHT - 2 * INSET);
  const toY = (durationMs: number) =>
    HEIGHT - BOTTOM - (durationMs / longestMs) * (HEIGHT - BOTTOM - TOP);
  const now = new Date();
  return (
    <svg ref={svg} className="scatter" width="100%" height={HEIGHT} aria-label="Durations by start">
      {lines.map((durationMs) => (
        <g key={durationMs}>
          <line x1={LEFT} x2={width - RIGHT} y1={toY(durationMs)} y2={toY(durationMs)} />
          <text x={LEFT - 8} y={toY(durationMs) + 4} textAnchor="end">
            {durationMs < 60_000 ? `${durationMs / 1_000} s` : toDuration(durationMs)}
          </text>
        </g>
      ))}
      {Array.from(
        { length: tickCount },
        (_, index) => first + (spanMs * index) / (tickCount - 1),
      ).map((at, index) => (
        <text
          key={at}
          x={toX(at)}
          y={HEIGHT - 4}
          textAnchor={index === 0 ? 'start' : index === tickCount - 1 ? 'end' : 'middle'}
        >
          {toTime(new Date(at), now)}
        </text>
      ))}
      {runs.map((run) => (
        <a
          key={run.id}
          className={run.status.toLowerCase()}
          href={toHref(['ingestions', run.mappingId, run.requestId])}
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

function useWidth(element: RefObject<Element | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const { current } = element;
    if (!current) return;
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    observer.observe(current);
    return () => observer.disconnect();
  }, [element]);
  return width;
}
