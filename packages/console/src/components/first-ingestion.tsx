import { useQuery } from '@tanstack/react-query';
import { MappingNamesDocument } from '../generated/operations.js';
import { toHref } from '../route.js';
import { useAsk, useHasRight } from '../session.js';
import { Notice } from './notice.js';

/** How many mappings are suggested; the page to start one has them all. */
const MOST = 5;

/** Leads to the first ingestion while there are none. */
export function FirstIngestion() {
  const ask = useAsk();
  const mayStart = useHasRight('ingestion:start');
  const { data } = useQuery(ask(MappingNamesDocument, {}));
  const mappings = data?.mappings.nodes.slice(0, MOST) ?? [];
  return (
    <Notice kind="info" title="Nothing has been ingested yet.">
      {mayStart ? (
        <>
          <p>Start an ingestion, and watch it here.</p>
          {mappings.length > 0 && (
            <ul className="proposals">
              {mappings.map(({ id, mappingId, label }) => (
                <li key={id}>
                  <a className="button" href={toHref(['start'], { mapping: mappingId })}>
                    {mappingId}
                  </a>
                  {label && <span className="muted">{label}</span>}
                </li>
              ))}
            </ul>
          )}
          <a href={toHref(['start'])}>Start an ingestion of another mapping</a>
        </>
      ) : (
        <p>Ingestions appear here when somebody starts one.</p>
      )}
    </Notice>
  );
}
