import { z } from 'zod';
import { isSchema } from '../adobe/json-schema.js';
import { type DatasetFile, readSchemaFolder, type SchemaFolder } from '../adobe/schema-folder.js';
import type { Dataset, DatasetClass } from './dataset.js';
import { createRecordCheck } from './record-check.js';
import { schemaIssuesOf } from './schema-issues.js';

/** The supported XDM classes, by their `$id`. */
const CLASSES = {
  'https://ns.adobe.com/xdm/context/profile': 'profile',
  'https://ns.adobe.com/xdm/context/experienceevent': 'event',
} as const satisfies Record<string, DatasetClass>;

const datasetFile = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{24}$/, 'expected 24 hexadecimal digits'),
  name: z.string().min(1),
  class: z
    .enum(Object.keys(CLASSES) as [keyof typeof CLASSES])
    .transform((id): DatasetClass => CLASSES[id]),
  schema: z.looseObject({ type: z.literal('object').optional() }),
});

/** The dataset files can't be used. The message lists every issue, one per line. */
export class DatasetsInvalidError extends Error {
  override readonly name = 'DatasetsInvalidError';

  /** @param issues - each begins with the path of its file */
  constructor(readonly issues: readonly string[]) {
    super(['The datasets are wrong:', ...issues.map((issue) => `  ${issue}`)].join('\n'));
  }
}

/** All datasets by their ids. */
export type Datasets = ReadonlyMap<string, Dataset>;

/**
 * Read a folder of datasets. Each is in a file that is named after its id. Other files there have the schemas that
 * they refer to.
 *
 * @throws {DatasetsInvalidError} with all issues of all files
 */
export async function loadDatasets(dir: string): Promise<Datasets> {
  const folder = await readSchemaFolder(dir).catch((error: Error) => {
    throw new DatasetsInvalidError([`${dir}: cannot be read: ${error.message}`]);
  });
  const datasets = new Map<string, Dataset>();
  const issues = new Set(folder.issues);
  for (const file of folder.datasets) {
    const { dataset, issues: own } = readDataset(folder, file);
    for (const issue of own) issues.add(issue);
    if (dataset !== null) datasets.set(dataset.id, dataset);
  }
  if (datasets.size === 0 && issues.size === 0) issues.add(`${dir}: contains no dataset (*.json)`);
  if (issues.size > 0) throw new DatasetsInvalidError([...issues]);
  return datasets;
}

function readDataset(
  folder: SchemaFolder,
  file: DatasetFile,
): { readonly dataset: Dataset | null; readonly issues: readonly string[] } {
  const { path, name, content } = file;
  const parsed = datasetFile.safeParse(content);
  const issues = parsed.success
    ? []
    : toReasons(parsed.error).map((reason) => `${path}: ${reason}`);
  const expected = `${content.id}.json`;
  if (parsed.success && expected !== name) issues.push(`${path}: expected the name ${expected}`);
  if (!isSchema(content.schema)) return { dataset: null, issues };

  const { schema, others, issues: missing } = folder.bundleOf(file);
  issues.push(...missing.map((issue) => `${path}: schema: ${issue}`));
  for (const each of [content.schema, ...others]) {
    const reasons = schemaIssuesOf(each);
    issues.push(...reasons.map((reason) => `${folder.pathOf(each)}: schema: ${reason}`));
  }
  if (!parsed.success || issues.length > 0) return { dataset: null, issues };
  const dataset = { ...parsed.data, schema };
  // A schema that can't be compiled is an issue at startup, and not at the first batch.
  try {
    createRecordCheck(dataset, { now: () => 0 });
    return { dataset, issues };
  } catch (error) {
    return { dataset: null, issues: [`${path}: schema: ${(error as Error).message}`] };
  }
}

function toReasons(error: z.ZodError): string[] {
  return error.issues.map(({ path, message }) => `${path.join('.') || 'file'}: ${message}`);
}
