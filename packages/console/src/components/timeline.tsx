import { toDuration } from '../format.js';
import type { IngestionStatus } from '../generated/operations.js';
import type { OneIngestion } from '../one-ingestion.js';
import { Elapsed } from './elapsed.js';
import { Status } from './status.js';
import { Time } from './time.js';

interface Step {
  readonly key: string;
  readonly at: string;
  readonly status: IngestionStatus | null;
  readonly words: string;
}

/** The transitions of an ingestion, with clock times and how long it took until then. */
export function Timeline({ ingestion }: { readonly ingestion: OneIngestion }) {
  const steps: readonly Step[] = [
    ...(ingestion.startedAt
      ? [{ key: 'start', at: ingestion.startedAt, status: null, words: toStarted(ingestion) }]
      : []),
    ...ingestion.transitions.nodes.map(({ id, observedAt, to, info }) => ({
      key: id,
      at: observedAt,
      status: to,
      words: info,
    })),
  ];
  const begin = Date.parse(steps[0]?.at ?? ingestion.firstObservedAt);
  return (
    <ol className="timeline">
      {steps.map(({ key, at, status, words }) => (
        <li key={key}>
          <div>
            <Time at={at} />
            <small>+{toDuration(Date.parse(at) - begin)}</small>
          </div>
          <span className={`mark ${status?.toLowerCase() ?? ''}`} />
          <div>
            {status ? <Status status={status} /> : <strong>Started</strong>}
            <small>{words}</small>
          </div>
        </li>
      ))}
      {!ingestion.isTerminal && (
        <li>
          <div>
            now
            <small>
              +<Elapsed ingestion={ingestion} />
            </small>
          </div>
          <span className="mark" />
          <div className="muted">Still in progress</div>
        </li>
      )}
    </ol>
  );
}

function toStarted({ startedBy, attempt }: OneIngestion): string {
  const who = startedBy === null ? 'through this gateway' : `by ${startedBy}`;
  return attempt === 1 ? who : `${who}, as attempt ${attempt}`;
}
