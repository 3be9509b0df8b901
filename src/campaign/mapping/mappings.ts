import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readTextFile } from '../../adobe/strict-text.js';
import type { Mapping } from './mapping.js';
import { parseMapping, type SourceEnvironment } from './mapping-file.js';
import { type MappingIssue, MappingsInvalidError } from './mapping-issue.js';
import type { SchemaOf } from './schema-paths.js';

/** The service's mappings by their ids. */
export type Mappings = ReadonlyMap<string, Mapping>;

/**
 * Read every `*.yaml` and `*.yml` file of a folder, without subfolders.
 *
 * @param environment - with the connection strings that sources refer to
 * @param schemaOf - the schemas of their datasets; absent if unknown
 * @throws {MappingsInvalidError} with all issues of all files
 */
export async function loadMappings(
  mappingsDir: string,
  environment: SourceEnvironment,
  schemaOf: SchemaOf = () => undefined,
): Promise<Mappings> {
  const mappings = new Map<string, Mapping>();
  const issues: MappingIssue[] = [];
  const fileOfId = new Map<string, string>();

  for (const file of await mappingFiles(mappingsDir)) {
    const parsed = parseMapping(file, await readMappingFile(file), environment, schemaOf);
    if (parsed.kind === 'issues') {
      issues.push(...parsed.issues);
      continue;
    }
    const { mapping } = parsed;
    const other = fileOfId.get(mapping.id);
    if (other !== undefined) {
      const message = `id: ${JSON.stringify(mapping.id)} is already the id of ${other}`;
      issues.push({ file, line: null, message });
    }
    fileOfId.set(mapping.id, file);
    mappings.set(mapping.id, mapping);
  }

  if (issues.length > 0) throw new MappingsInvalidError(issues);
  return mappings;
}

async function mappingFiles(mappingsDir: string): Promise<string[]> {
  const names = await orMappingsError(mappingsDir, () => readdir(mappingsDir));
  const files = names.filter((name) => /\.ya?ml$/.test(name)).sort();
  if (files.length === 0) throw toFolderError(mappingsDir, 'contains no mapping (*.yaml)');
  return files.map((name) => join(mappingsDir, name));
}

/**
 * The text of a mapping file.
 *
 * @throws {MappingsInvalidError} it cannot be read, or is no text
 */
export function readMappingFile(file: string): Promise<string> {
  return orMappingsError(file, async () => readTextFile(file));
}

async function orMappingsError<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw toFolderError(path, `cannot be read: ${(error as Error).message}`);
  }
}

function toFolderError(file: string, message: string): MappingsInvalidError {
  return new MappingsInvalidError([{ file, line: null, message }]);
}
