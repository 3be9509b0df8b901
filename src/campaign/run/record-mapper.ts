import type { MappedField } from '../mapping/mapping.js';
import { compileField, type Writer } from './field-reader.js';

/**
 * Converts a row to a line of NDJSON, with its line end.
 *
 * @throws {BadRecordError} a value is not what its field requires
 */
export type RecordMapper = (values: readonly unknown[]) => string;

interface Tree extends Map<string, Tree | Writer> {}

/** How a path marks an item of a list. */
const ITEM = '[]';

/**
 * Compile a mapping's fields to one function, so that a record needs no look-ups of paths and no objects.
 *
 * Values that are empty, null or absent are left out, and so are empty objects. Under `identityMap` a value becomes
 * an identity in the namespace of its path. The primary one is that of the field that says so, or else the record's
 * first.
 *
 * @param columns - the columns of a row's values, in their order; includes every column that a field names
 */
export function compileMapper(
  fields: readonly MappedField[],
  columns: readonly string[],
): RecordMapper {
  const root: Tree = new Map();
  for (const field of fields) {
    const path = field.to.split('.');
    // The identity map takes the place of its first field.
    if (path[0] === 'identityMap') root.set('identityMap', compileIdentities(fields, columns));
    else if (!field.to.endsWith(ITEM)) place(root, path, compileField(field, columns));
    else
      place(
        root,
        field.to.slice(0, -ITEM.length).split('.'),
        compileList(field.to, fields, columns),
      );
  }
  const write = compileTree(root);
  return (values) => `${write(values) || '{}'}\n`;
}

function place(tree: Tree, [name = '', ...rest]: readonly string[], writer: Writer): void {
  if (rest.length === 0) {
    tree.set(name, writer);
    return;
  }
  const known = tree.get(name);
  const child: Tree = known instanceof Map ? known : new Map();
  tree.set(name, child);
  place(child, rest, writer);
}

function compileTree(tree: Tree): Writer {
  const members = [...tree].map(([name, child]) => ({
    name: `${JSON.stringify(name)}:`,
    write: child instanceof Map ? compileTree(child) : child,
  }));
  return (values) => {
    let text = '';
    for (const { name, write } of members) {
      const value = write(values);
      if (value !== '') text += (text === '' ? '{' : ',') + name + value;
    }
    return text === '' ? '' : `${text}}`;
  };
}

/** A list of the items of all fields with this path. */
function compileList(
  to: string,
  fields: readonly MappedField[],
  columns: readonly string[],
): Writer {
  const items = fields
    .filter((field) => field.to === to)
    .map((field) => compileField(field, columns));
  return (values) => {
    let text = '';
    for (const write of items) {
      const item = write(values);
      if (item !== '') text += `${text && ','}${item}`;
    }
    return text && `[${text}]`;
  };
}

function compileIdentities(fields: readonly MappedField[], columns: readonly string[]): Writer {
  const identities = fields.filter(({ to }) => to.startsWith('identityMap.'));
  const namespaces = [...new Set(identities.map(({ to }) => to.slice('identityMap.'.length)))];
  const names = namespaces.map((namespace) => `${JSON.stringify(namespace)}:[`);
  const isDeclared = identities.some(({ primary }) => primary === true);
  const members = identities.map((field) => ({
    place: namespaces.indexOf(field.to.slice('identityMap.'.length)),
    write: compileField({ ...field, as: 'string' }, columns),
    state:
      field.authenticatedState === undefined
        ? ''
        : `,"authenticatedState":${JSON.stringify(field.authenticatedState)}`,
    isPrimary: isDeclared ? field.primary === true : null,
  }));
  return (values) => {
    const lists = names.map(() => '');
    let isFirst = true;
    for (const { place, write, state, isPrimary } of members) {
      const id = write(values);
      if (id === '') continue;
      const primary = (isPrimary ?? isFirst) ? ',"primary":true' : '';
      lists[place] += `${lists[place] && ','}{"id":${id}${state}${primary}}`;
      isFirst = false;
    }
    let text = '';
    for (const [place, list] of lists.entries()) {
      if (list !== '') text += `${text && ','}${names[place]}${list}]`;
    }
    return text && `{${text}}`;
  };
}
