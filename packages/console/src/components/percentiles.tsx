import { toCount, toDuration } from '../format.js';
import type { Ingestion } from '../live.js';
import { choose } from '../route.js';
import { Scrollable } from './scrollable.js';

/** How long the successful runs of each mapping took. */
export function Percentiles({ runs }: { readonly runs: readonly Ingestion[] }) {
  const byMapping = Map.groupBy(
    runs.filter(({ status }) => status === 'SUCCESS'),
    ({ mappingId }) => mappingId,
  );
  const rows = [...byMapping].sort(([one], [other]) => one.localeCompare(other));
  if (rows.length === 0) return null;
  return (
    <section className="card" aria-labelledby="percentiles-title">
      <h2 id="percentiles-title">Successful runs by mapping</h2>
      <Scrollable label="Percentiles">
        <table>
          <thead>
            <tr>
              <th>Mapping</th>
              <th className="number">Runs</th>
              <th className="number">50 %</th>
              <th className="number wide">90 %</th>
              <th className="number">95 %</th>
              <th className="number">Longest</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([mappingId, group]) => {
              const sorted = group.map(({ durationMs }) => durationMs).sort((a, b) => a - b);
              return (
                <tr key={mappingId}>
                  <td className="name-cell">
                    <button
                      type="button"
                      className="link"
                      onClick={() => choose({ mapping: mappingId })}
                    >
                      {mappingId}
                    </button>
                  </td>
                  <td className="number">{toCount(sorted.length)}</td>
                  {[0.5, 0.9, 0.95, 1].map((share) => (
                    <td key={share} className={share === 0.9 ? 'number wide' : 'number'}>
                      {toDuration(toPercentile(sorted, share))}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scrollable>
    </section>
  );
}

/** The nearest rank: an actual duration. */
function toPercentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
