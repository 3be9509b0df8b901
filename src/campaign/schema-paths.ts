type Schema = Readonly<Record<string, unknown>>;

/** The paths that a dataset's schema does not have. What it refers to in other files is not looked at. */
export function unknownPaths(schema: Schema, paths: readonly string[]): string[] {
  return paths.filter((path) => {
    const names = path.replace(/\[\]$/, '.[]').split('.');
    return !has(schema, schema, names);
  });
}

function has(root: Schema, schema: Schema, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return true;
  const parts = partsOf(root, schema, new Set());
  if (name === '[]') {
    return parts.every(({ type }) => type === undefined || type === 'array');
  }
  const known = parts.flatMap(({ properties }) =>
    isSchema(properties) && isSchema(properties[name]) ? [properties[name]] : [],
  );
  if (known.length > 0) return known.some((each) => has(root, each, rest));
  const others = parts.flatMap(({ additionalProperties: others }) =>
    isSchema(others) ? [others] : [],
  );
  if (others.length > 0) return others.some((each) => has(root, each, rest));
  // One that lists nothing takes anything; so may one that is not here.
  return parts.some(({ $ref }) => $ref !== undefined) || parts.every(isOpen);
}

function isOpen({ type, properties, additionalProperties }: Schema): boolean {
  const isObject = type === undefined || type === 'object';
  return isObject && additionalProperties !== false && properties === undefined;
}

/** A schema with all that it is put together from. */
function partsOf(root: Schema, schema: Schema, seen: Set<Schema>): Schema[] {
  if (seen.has(schema)) return [];
  seen.add(schema);
  const { $ref, allOf, anyOf, oneOf } = schema;
  const target = typeof $ref === 'string' && $ref.startsWith('#/') ? at(root, $ref) : undefined;
  if (isSchema(target)) return partsOf(root, target, seen);
  const parts = [allOf, anyOf, oneOf].flatMap((list) => (Array.isArray(list) ? list : []));
  const inner = parts.filter(isSchema).flatMap((part) => partsOf(root, part, seen));
  const isBare = inner.length > 0 && schema.properties === undefined;
  return isBare ? inner : [schema, ...inner];
}

function at(root: Schema, ref: string): unknown {
  return ref
    .slice(2)
    .split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((value, name) => (isSchema(value) ? value[name] : undefined), root);
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
