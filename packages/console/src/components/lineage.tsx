import type { Ingestion } from '../live.js';
import type { OneIngestion } from '../one-ingestion.js';
import { toHref } from '../route.js';
import { Status } from './status.js';
import { Time } from './time.js';

/** The tries that belong together: what this one retries, and what retried it. */
export function Lineage({ ingestion }: { readonly ingestion: OneIngestion }) {
  const { retryOf, retriedBy } = ingestion;
  if (!retryOf && !retriedBy) return null;
  const tries: readonly Ingestion[] = [
    ...(retryOf ? [retryOf] : []),
    ingestion,
    ...(retriedBy ? [retriedBy] : []),
  ];
  return (
    <section className="card" aria-labelledby="lineage-title">
      <h2 id="lineage-title">Tries</h2>
      <table>
        <thead>
          <tr>
            <th>Attempt</th>
            <th>Request</th>
            <th>Status</th>
            <th>Start Time</th>
          </tr>
        </thead>
        <tbody>
          {tries.map(
            ({ id, attempt, mappingId, requestId, status, startedAt, firstObservedAt }) => (
              <tr key={id} aria-current={id === ingestion.id ? 'true' : undefined}>
                <td>{attempt}</td>
                <td>
                  {id === ingestion.id ? (
                    <strong>{requestId}</strong>
                  ) : (
                    <a href={toHref(['ingestions', mappingId, requestId])}>{requestId}</a>
                  )}
                </td>
                <td>
                  <Status status={status} />
                </td>
                <td>
                  <Time at={startedAt ?? firstObservedAt} />
                </td>
              </tr>
            ),
          )}
        </tbody>
      </table>
    </section>
  );
}
