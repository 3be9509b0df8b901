/** A JSON Schema that is an object, not `true` or `false`. */
export type Schema = Readonly<Record<string, unknown>>;

/** A schema within a schema, or the whole schema. */
export interface Subschema {
  readonly schema: Schema;
  /** The base of its references. */
  readonly base: string;
  /** Where it is: `#/properties/a`. */
  readonly pointer: string;
}

/** The targets of a schema's references outside itself. */
export interface Bundle {
  /** The schema, with everything that it refers to in its `definitions`. */
  readonly schema: Schema;
  /** The schemas that were added there. */
  readonly others: readonly Schema[];
  /** References without a target, as sentences. */
  readonly issues: readonly string[];
}

const MAPS = ['properties', 'patternProperties', 'definitions', '$defs', 'dependencies'];
const LISTS = ['allOf', 'anyOf', 'oneOf', 'items'];
const SINGLE = [
  'items',
  'additionalItems',
  'additionalProperties',
  'propertyNames',
  'contains',
  'not',
  'if',
  'then',
  'else',
];

/** Whether a value is a JSON object. */
export function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** All schemas that a schema contains, itself first. */
export function* subschemasOf(
  schema: Schema,
  outerBase = '',
  pointer = '#',
): Generator<Subschema, void> {
  const { $id } = schema;
  const base = typeof $id === 'string' ? resolveUri($id, outerBase) : outerBase;
  yield { schema, base, pointer };
  for (const [path, inner] of partsOf(schema)) {
    if (isSchema(inner)) yield* subschemasOf(inner, base, `${pointer}/${path}`);
  }
}

function partsOf(schema: Schema): (readonly [string, unknown])[] {
  const inMaps = MAPS.flatMap((keyword) => {
    const map = schema[keyword];
    const entries = isSchema(map) ? Object.entries(map) : [];
    return entries.map(([name, inner]) => [`${keyword}/${toPart(name)}`, inner] as const);
  });
  const inLists = LISTS.flatMap((keyword) => {
    const list = schema[keyword];
    return Array.isArray(list)
      ? list.map((inner, index) => [`${keyword}/${index}`, inner] as const)
      : [];
  });
  return [...inMaps, ...inLists, ...SINGLE.map((keyword) => [keyword, schema[keyword]] as const)];
}

function toPart(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

const NOWHERE = 'file:///';

/** A reference as an absolute URI, without an empty fragment. */
export function resolveUri(reference: string, base: string): string {
  const uri = URL.parse(reference, URL.parse(base, NOWHERE)?.href ?? NOWHERE);
  return (uri?.href ?? reference).replace(/#$/, '').replace(NOWHERE, '');
}

/** The target of the `$ref` of a schema. Undefined if there is no `$ref`, or no target. */
export type TargetOf = (schema: Schema) => Schema | undefined;

/** Follow the references of a schema that contains everything that it refers to. */
export function targetsIn(root: Schema): TargetOf {
  const bases = new Map<Schema, string>();
  const named = new Map<string, Schema>([['', root]]);
  for (const { schema, base } of subschemasOf(root)) {
    bases.set(schema, base);
    if (typeof schema.$id === 'string') named.set(base, schema);
  }
  return (schema) => {
    if (typeof schema.$ref !== 'string') return undefined;
    return find(resolveUri(schema.$ref, bases.get(schema) ?? ''), (uri) => named.get(uri));
  };
}

/** The target of an absolute URI, including its fragment. */
function find(uri: string, schemaOf: (uri: string) => Schema | undefined): Schema | undefined {
  const direct = schemaOf(uri);
  if (direct !== undefined) return direct;
  const [resource = '', fragment = ''] = uri.split('#');
  if (!fragment.startsWith('/')) return undefined;
  const names = fragment.slice(1).split('/').map(toName);
  const found = names.reduce<unknown>(childOf, schemaOf(resource));
  return isSchema(found) ? found : undefined;
}

function childOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

function toName(part: string): string {
  return decode(part).replaceAll('~1', '/').replaceAll('~0', '~');
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Add to a schema what it refers to, so that it is complete.
 *
 * @param base - the base of its references if it has no `$id`
 * @param schemaOf - the schema of a URI without a fragment
 */
export function bundle(
  root: Schema,
  base: string,
  schemaOf: (uri: string) => Schema | undefined,
): Bundle {
  const named = new Map<string, Schema>([[base, root]]);
  const others = new Map<string, Schema>();
  const issues = new Set<string>();
  const waiting: (readonly [Schema, string])[] = [[root, base]];
  const take = (uri: string) => {
    const known = named.get(uri);
    if (known !== undefined) return known;
    const found = schemaOf(uri);
    if (found === undefined) return undefined;
    named.set(uri, found);
    others.set(uri, found);
    waiting.push([found, uri]);
    return found;
  };
  for (const [schema, from] of waiting) {
    const all = [...subschemasOf(schema, from)];
    for (const { schema: inner, base: uri } of all) {
      if (typeof inner.$id === 'string') named.set(uri, inner);
    }
    for (const { schema: inner, base: uri } of all) {
      if (typeof inner.$ref !== 'string') continue;
      const target = resolveUri(inner.$ref, uri);
      if (find(target, take) === undefined) issues.add(toIssue(inner.$ref, target, take));
    }
  }
  return { schema: withOthers(root, others), others: [...others.values()], issues: [...issues] };
}

function toIssue(
  reference: string,
  target: string,
  schemaOf: (uri: string) => Schema | undefined,
): string {
  const [resource = '', fragment = ''] = target.split('#');
  return schemaOf(resource) === undefined
    ? `$ref ${reference}: no schema in the folder has the $id ${resource}`
    : `$ref ${reference}: there is no ${fragment} in that schema`;
}

function withOthers(root: Schema, others: ReadonlyMap<string, Schema>): Schema {
  if (others.size === 0) return root;
  const bundled = [...others].map(([uri, schema], index) => {
    const hasThatId = typeof schema.$id === 'string' && resolveUri(schema.$id, '') === uri;
    return [`bundled.${index}`, hasThatId ? schema : { ...schema, $id: uri }] as const;
  });
  const own = isSchema(root.definitions) ? root.definitions : {};
  return { ...root, definitions: { ...own, ...Object.fromEntries(bundled) } };
}
