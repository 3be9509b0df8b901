import { Ajv } from 'ajv';
import draft6 from 'ajv/dist/refs/json-schema-draft-06.json' with { type: 'json' };
import draft7 from 'ajv/dist/refs/json-schema-draft-07.json' with { type: 'json' };
import addFormats from 'ajv-formats';
import { toRegExp } from '../adobe/json-pattern.js';
import { type Schema, type Subschema, subschemasOf } from '../adobe/json-schema.js';

/** Checks schemas. Each Ajv compiles the meta-schema again, which takes longer than the schema of a dataset. */
const ajv = new Ajv({ allErrors: true });
ajv.addMetaSchema(draft6);
// CommonJS: what TypeScript considers the module is its default export.
addFormats.default(ajv);

const KEYWORDS = new Set([...Object.keys(draft7.properties), '$defs', 'nullable']);
/** XDM's additions to JSON Schema, which don't restrict records. */
const XDM_KEYWORD = /^(meta:|xdm:|(auditable|imsOrg|refs|version)$)/;
const BY_LOWER_CASE = new Map([...KEYWORDS].map((name) => [name.toLowerCase(), name]));
const ANNOTATIONS = new Set([
  'title',
  'description',
  'default',
  'examples',
  'readOnly',
  '$comment',
]);

/**
 * Find everything that is wrong with a schema, apart from the targets of its references. A keyword that JSON Schema
 * does not have is an issue, because it is probably a typo. In a schema with an `$id`, which others have published, it
 * is ignored, as JSON Schema says, unless it is one of JSON Schema's in another case, such as `allof`.
 */
export function schemaIssuesOf(schema: Schema): string[] {
  const isPublished = '$id' in schema;
  return [
    ...metaIssuesOf(schema),
    ...[...subschemasOf(schema)].flatMap((each) => issuesOf(each, isPublished)),
  ];
}

function metaIssuesOf(schema: Schema): string[] {
  const { $schema = 'http://json-schema.org/draft-07/schema#' } = schema;
  if (typeof $schema !== 'string' || ajv.getSchema($schema) === undefined) {
    return [`$schema ${JSON.stringify($schema)}: expected JSON Schema draft 6 or 7`];
  }
  // It returns a promise only if a meta-schema is asynchronous, and none is.
  void ajv.validateSchema(schema);
  return (ajv.errors ?? []).map(({ instancePath, message }) => `#${instancePath} ${message}`);
}

function issuesOf({ schema, pointer }: Subschema, isPublished: boolean): string[] {
  const { pattern, patternProperties, format } = schema;
  const patterns = [
    ...(typeof pattern === 'string' ? [pattern] : []),
    ...Object.keys(patternProperties ?? {}),
  ];
  const unknown = Object.keys(schema).filter((name) => isUnknown(name, isPublished));
  const isStrange = typeof format === 'string' && !isPublished && !(format in ajv.formats);
  return [
    ...unknown.map((name) => `${pointer} unknown keyword: ${JSON.stringify(name)}`),
    ...(isStrange ? [`${pointer} unknown format: ${JSON.stringify(format)}`] : []),
    ...patterns.flatMap((text) => patternIssuesOf(text, pointer)),
  ];
}

function isUnknown(name: string, isPublished: boolean): boolean {
  if (KEYWORDS.has(name) || XDM_KEYWORD.test(name)) return false;
  const meant = BY_LOWER_CASE.get(name.toLowerCase());
  return !isPublished || (meant !== undefined && !ANNOTATIONS.has(meant));
}

function patternIssuesOf(text: string, pointer: string): string[] {
  try {
    toRegExp(text);
    return [];
  } catch (error) {
    return [`${pointer} ${(error as Error).message}`];
  }
}
