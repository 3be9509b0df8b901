import { tryParseJson } from '../../adobe/body-json.js';
import type { Mapping } from '../mapping/mapping.js';
import type { RowError } from '../upload/row-errors.js';
import type { Reject } from './reject-file.js';

/** Finds out which records Platform left out, by their keys in the source. */
export function toRejects(
  rows: readonly RowError[],
  mapping: Pick<Mapping, 'key' | 'fields'> | null,
): readonly Reject[] {
  const path = mapping?.fields.find(({ column }) => column === mapping.key)?.to ?? null;
  // A record that Platform could not read was JSON when it was sent.
  const toRecord = (sent: unknown) => (typeof sent === 'string' ? tryParseJson(sent) : sent);
  return rows.map(({ reason, record }) => ({
    key: path === null ? null : valueAt(toRecord(record), path),
    line: null,
    reason,
    record,
  }));
}

function valueAt(record: unknown, path: string): unknown {
  const names = path.replace(/\[\]$/, '').split('.');
  const found = names.reduce<unknown>((value, name) => {
    return typeof value === 'object' && value !== null ? Reflect.get(value, name) : null;
  }, record);
  const [first] = Array.isArray(found) ? found : [found];
  // An identity.
  if (typeof first === 'object' && first !== null) return Reflect.get(first, 'id') ?? null;
  return first ?? null;
}
