import type { MappingStateFragment } from '../generated/operations.js';
import { toHref } from '../route.js';
import { useLive } from '../session.js';
import { MappingState } from './mapping-state.js';
import { Scrollable } from './scrollable.js';
import { Status } from './status.js';
import { Distance, Time } from './time.js';
import { UsualDuration } from './usual-duration.js';

/** Mappings, a line each. */
export function MappingTable({ mappings }: { readonly mappings: readonly MappingStateFragment[] }) {
  const live = useLive();
  return (
    <div className="card">
      <Scrollable label="Mappings">
        <table>
          <thead>
            <tr>
              <th>Mapping</th>
              <th className="wide">State</th>
              <th className="wide">Next run</th>
              <th className="wide">Usual duration</th>
              <th className="wide">Last job</th>
              <th>Last ingestion</th>
            </tr>
          </thead>
          <tbody>
            {mappings.map(
              ({ id, mappingId, label, administration, usualDuration, lastRequest }) => {
                const last = lastRequest && live.newest(lastRequest);
                const job = administration?.runningJob ?? administration?.lastJob;
                return (
                  <tr key={id}>
                    <td className="name-cell">
                      <a href={toHref(['mappings', mappingId])}>
                        <strong>{mappingId}</strong>
                      </a>
                      {label && <div className="muted">{label}</div>}
                      <div className="narrow">
                        <MappingState administration={administration} />
                      </div>
                    </td>
                    <td className="wide">
                      <MappingState administration={administration} />
                    </td>
                    <td className="wide">
                      {administration?.nextRunAt ? <Distance at={administration.nextRunAt} /> : '–'}
                    </td>
                    <td className="wide">
                      {usualDuration ? <UsualDuration usual={usualDuration} /> : '–'}
                    </td>
                    <td className="wide">
                      {job ? (
                        <>
                          <Status status={job.status} />
                          <div className="muted">
                            <Time at={job.endedAt ?? job.startedAt} />
                          </div>
                        </>
                      ) : (
                        '–'
                      )}
                    </td>
                    <td>
                      {last ? (
                        <a href={toHref(['ingestions', last.mappingId, last.requestId])}>
                          <Status status={last.status} />
                          <div className="muted">
                            {last.requestId}, <Time at={last.finishedAt ?? last.firstObservedAt} />
                          </div>
                        </a>
                      ) : (
                        '–'
                      )}
                    </td>
                  </tr>
                );
              },
            )}
          </tbody>
        </table>
      </Scrollable>
    </div>
  );
}
