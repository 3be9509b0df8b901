import { toRegExp } from '../../adobe/json-pattern.js';
import { isSchema, type Schema, type TargetOf, targetsIn } from '../../adobe/json-schema.js';

/** Platform adds them to each record, whatever its schema lists. */
const OF_EVERY_RECORD = ['_id', 'timestamp'];

/** The schema of a dataset, by its id; undefined if unknown. */
export type SchemaOf = (dataset: string) => Schema | undefined;

/**
 * How a schema treats a path: it defines it or allows anything there; it defines others, and forbids nothing; or it
 * forbids it.
 */
type PathVerdict = 'known' | 'unlisted' | 'refused';

/** The paths that a dataset's schema does not define, whether or not it forbids them. */
export function unknownPaths(schema: Schema, paths: readonly string[]): string[] {
  const judge = createJudge(schema);
  return paths.filter((path) => judge(path) !== 'known');
}

/** The paths that a dataset's schema forbids: it refuses records with one. */
export function refusedPaths(schema: Schema, paths: readonly string[]): string[] {
  const judge = createJudge(schema);
  return paths.filter((path) => judge(path) === 'refused');
}

function createJudge(root: Schema): (path: string) => PathVerdict {
  const targetOf = targetsIn(root);
  return (path) => {
    const verdict = verdictOf(targetOf, root, path.replace(/\[\]$/, '.[]').split('.'));
    return verdict === 'unlisted' && OF_EVERY_RECORD.includes(path) ? 'known' : verdict;
  };
}

function verdictOf(
  targetOf: TargetOf,
  schema: Schema,
  [name, ...rest]: readonly string[],
): PathVerdict {
  if (name === undefined) return 'known';
  const { all, some } = partsOf(targetOf, schema);
  if (name === '[]') return all.every((part) => mayBe(part, 'array')) ? 'known' : 'refused';
  if (!all.every((part) => mayBe(part, 'object') && allows(part, name))) return 'refused';
  const parts = [...all, ...some];
  const inner = parts.flatMap((part) => schemasOf(part, name));
  if (inner.length > 0) {
    const verdicts = inner.map((each) => verdictOf(targetOf, each, rest));
    return VERDICTS.find((verdict) => verdicts.includes(verdict)) ?? 'known';
  }
  // A schema that lists nothing allows anything; so may one that is not here.
  const isElsewhere = parts.some((part) => part.$ref !== undefined && targetOf(part) === undefined);
  return isElsewhere || parts.every(({ properties }) => properties === undefined)
    ? 'known'
    : 'unlisted';
}

/** The best one first, because a value may be in several schemas. */
const VERDICTS: readonly PathVerdict[] = ['known', 'unlisted', 'refused'];

function mayBe({ type }: Schema, wanted: string): boolean {
  return type === undefined || type === wanted || (Array.isArray(type) && type.includes(wanted));
}

function allows(part: Schema, name: string): boolean {
  return part.additionalProperties !== false || schemasOf(part, name).length > 0;
}

/** What a schema says about a property. */
function schemasOf(
  { properties, patternProperties, additionalProperties }: Schema,
  name: string,
): Schema[] {
  const listed = [
    ...(isSchema(properties) && Object.hasOwn(properties, name) ? [properties[name]] : []),
    ...Object.entries(patternProperties ?? {}).flatMap(([pattern, schema]) =>
      toRegExp(pattern).test(name) ? [schema] : [],
    ),
  ];
  const own = listed.length > 0 ? listed : [additionalProperties];
  return own.map((each) => (each === true && listed.length > 0 ? {} : each)).filter(isSchema);
}

/** A schema and everything that it is composed of: what a value must be, and what it may be. */
function partsOf(targetOf: TargetOf, schema: Schema, seen = new Set<Schema>()) {
  const all: Schema[] = [];
  const some: Schema[] = [];
  const add = (part: Schema, to: Schema[]) => {
    if (seen.has(part)) return;
    seen.add(part);
    const target = targetOf(part);
    if (target === undefined) to.push(part);
    else add(target, to);
    for (const each of listOf(part.allOf)) add(each, to);
    for (const each of [part.anyOf, part.oneOf, [part.then, part.else]].flatMap(listOf)) {
      add(each, some);
    }
  };
  add(schema, all);
  return { all, some };
}

function listOf(value: unknown): Schema[] {
  return Array.isArray(value) ? value.filter(isSchema) : [];
}
