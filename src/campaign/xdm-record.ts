import { ConversionError, convert } from './conversion.js';
import type { MappedField } from './mapping.js';
import { SourceError, type SourceRecord } from './source-record.js';

/** A record as Platform takes it. */
export type XdmRecord = { [name: string]: unknown };

/** Turns a source's records into XDM records. */
export type Shaper = (record: SourceRecord) => XdmRecord;

/**
 * Build the shaper of a mapping.
 *
 * A column that is empty, null or absent is left out, and so is an object with nothing in it. Under
 * `identityMap` a value becomes an identity of the namespace that the path names; the first identity of a
 * record is its primary one.
 *
 * @returns a shaper; it throws {@link SourceError} for a value that its field's conversion refuses
 */
export function createShaper(fields: readonly MappedField[]): Shaper {
  const steps = fields.map((field) => ({ ...field, path: field.to.split('.') }));

  return (record) => {
    const shaped: XdmRecord = {};
    for (const { column, as, path } of steps) {
      const raw = record.read(column);
      if (raw === undefined || raw === null || raw === '') continue;
      try {
        if (path[0] === 'identityMap') addIdentity(shaped, path, convert(raw, 'string'));
        else setAt(shaped, path, as === undefined ? raw : convert(raw, as));
      } catch (error) {
        if (!(error instanceof ConversionError)) throw error;
        const where = `${record.place}, column ${JSON.stringify(column)}`;
        throw new SourceError(`${where}: ${error.message}`, { cause: error });
      }
    }
    return shaped;
  };
}

function addIdentity(record: XdmRecord, path: readonly string[], id: unknown): void {
  const isPrimary = !Object.hasOwn(record, 'identityMap');
  const identities = childAt(record, path, () => []);
  if (Array.isArray(identities)) identities.push(isPrimary ? { id, primary: true } : { id });
}

function setAt(record: XdmRecord, path: readonly string[], value: unknown): void {
  childAt(record, path, () => value);
}

/** What stands at the path, made first where nothing does, with the objects that lead to it. */
function childAt(record: XdmRecord, path: readonly string[], make: () => unknown): unknown {
  let parent = record;
  for (const name of path.slice(0, -1)) {
    if (!Object.hasOwn(parent, name)) parent[name] = {};
    // A mapping's paths are checked not to run through one another's values: this is always an object.
    parent = parent[name] as XdmRecord;
  }
  const last = path.at(-1) ?? '';
  if (!Object.hasOwn(parent, last)) parent[last] = make();
  return parent[last];
}
