import { useQuery } from '@tanstack/react-query';
import { MappingNamesDocument } from '../generated/operations.js';
import { useAsk } from '../session.js';

const FRESH_MS = 60_000;

/** The mappings that a field suggests, as the list `mapping-names`. */
export function MappingNames() {
  const ask = useAsk();
  const { data } = useQuery({ ...ask(MappingNamesDocument, {}), staleTime: FRESH_MS });
  return (
    <datalist id="mapping-names">
      {data?.mappings.nodes.map(({ id, mappingId, label }) => (
        <option key={id} value={mappingId}>
          {label ?? mappingId}
        </option>
      ))}
    </datalist>
  );
}
