import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Bundle, bundle, isSchema, resolveUri, type Schema } from './json-schema.js';
import { readTextFile } from './strict-text.js';

/** A file that describes a dataset. Its content has not been checked. */
export interface DatasetFile {
  readonly path: string;
  readonly name: string;
  readonly content: Schema;
}

/** A folder of datasets, and of the schemas that they refer to. */
export type SchemaFolder = Awaited<ReturnType<typeof readSchemaFolder>>;

/**
 * Read a folder of datasets. Each `*.json` file in it is a dataset, unless it says with `$id` or `$schema` that it is
 * a schema, or is a list of those. Subfolders are only searched for such schemas.
 *
 * @throws the file system's error, if the folder can't be listed
 */
export async function readSchemaFolder(dir: string) {
  const names = await readdir(dir, { recursive: true });
  const datasets: DatasetFile[] = [];
  const issues: string[] = [];
  const schemas = new Map<string, Schema>();
  const byAltId = new Map<string, Schema>();
  const paths = new Map<Schema, string>();

  function add(schema: Schema, path: string, uri: string): void {
    paths.set(schema, path);
    const { $id, 'meta:altId': altId } = schema;
    const known = typeof $id === 'string' ? resolveUri($id, '') : uri;
    const other = schemas.get(known);
    if (other !== undefined && !isDeepStrictEqual(other, schema)) {
      issues.push(`${path}: $id: ${known} is another schema in ${paths.get(other)}`);
    }
    schemas.set(known, other ?? schema);
    schemas.set(uri, schema);
    if (typeof altId === 'string') byAltId.set(altId, schema);
  }

  for (const name of names.filter((each) => each.endsWith('.json')).sort()) {
    const path = join(dir, name);
    const uri = toUri(name);
    try {
      const content: unknown = JSON.parse(readTextFile(path));
      const found = Array.isArray(content) ? content : [content];
      const published = found.filter(isPublished);
      if (published.length > 0) {
        for (const [index, schema] of published.entries()) {
          add(schema, path, published.length === 1 ? uri : `${uri}?${index}`);
        }
      } else if (!name.includes(sep)) {
        if (!isSchema(content)) throw new Error('expected an object');
        datasets.push({ path, name, content });
        if (isSchema(content.schema)) add(content.schema, path, uri);
      }
    } catch (error) {
      issues.push(`${path}: ${(error as Error).message}`);
    }
  }

  return {
    /** In the order of their names. */
    datasets,
    /** What could not be read, one sentence each, beginning with a path. */
    issues,
    /** A dataset's schema, with everything that it refers to. */
    bundleOf({ name, content }: DatasetFile): Bundle {
      const schema = isSchema(content.schema) ? content.schema : {};
      return bundle(schema, toUri(name), (uri) => schemas.get(uri) ?? byAltId.get(lastPartOf(uri)));
    },
    /** The file of a schema. */
    pathOf: (schema: Schema) => paths.get(schema),
  };
}

function toUri(name: string): string {
  return resolveUri(name.split(sep).map(encodeURIComponent).join('/'), '');
}

/** The `meta:altId` if a reference is one: it was resolved like the last part of a path. */
function lastPartOf(uri: string): string {
  return uri.slice(uri.lastIndexOf('/') + 1);
}

function isPublished(value: unknown): value is Schema {
  return isSchema(value) && ('$id' in value || '$schema' in value);
}
