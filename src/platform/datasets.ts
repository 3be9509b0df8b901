import { z } from 'zod';
import { isSchema } from '../adobe/json-schema.js';
import { type DatasetFile, readSchemaFolder, type SchemaFolder } from '../adobe/schema-folder.js';
import type { Dataset, DatasetClass } from './dataset.js';
import { createRecordCheck } from './record-check.js';
import { schemaFaultsOf } from './schema-faults.js';

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

/** The dataset files can't be used. The message lists every fault, one per line. */
export class DatasetsInvalidError extends Error {
  override readonly name = 'DatasetsInvalidError';

  /** @param faults - each begins with the path of its file */
  constructor(readonly faults: readonly string[]) {
    super(['The datasets are wrong:', ...faults.map((fault) => `  ${fault}`)].join('\n'));
  }
}

/** All datasets by their ids. */
export type Datasets = ReadonlyMap<string, Dataset>;

/**
 * Read a folder of datasets. Each is in a file that is named after its id. Other files there have the schemas that
 * they refer to.
 *
 * @throws {DatasetsInvalidError} with all faults of all files
 */
export async function loadDatasets(dir: string): Promise<Datasets> {
  const folder = await readSchemaFolder(dir).catch((error: Error) => {
    throw new DatasetsInvalidError([`${dir}: cannot be read: ${error.message}`]);
  });
  const datasets = new Map<string, Dataset>();
  const faults = new Set(folder.faults);
  for (const file of folder.datasets) {
    const { dataset, faults: own } = readDataset(folder, file);
    for (const fault of own) faults.add(fault);
    if (dataset !== null) datasets.set(dataset.id, dataset);
  }
  if (datasets.size === 0 && faults.size === 0) faults.add(`${dir}: contains no dataset (*.json)`);
  if (faults.size > 0) throw new DatasetsInvalidError([...faults]);
  return datasets;
}

function readDataset(
  folder: SchemaFolder,
  file: DatasetFile,
): { readonly dataset: Dataset | null; readonly faults: readonly string[] } {
  const { path, name, content } = file;
  const parsed = datasetFile.safeParse(content);
  const faults = parsed.success
    ? []
    : toReasons(parsed.error).map((reason) => `${path}: ${reason}`);
  const expected = `${content.id}.json`;
  if (parsed.success && expected !== name) faults.push(`${path}: expected the name ${expected}`);
  if (!isSchema(content.schema)) return { dataset: null, faults };

  const { schema, others, faults: missing } = folder.bundleOf(file);
  faults.push(...missing.map((fault) => `${path}: schema: ${fault}`));
  for (const each of [content.schema, ...others]) {
    const reasons = schemaFaultsOf(each);
    faults.push(...reasons.map((reason) => `${folder.pathOf(each)}: schema: ${reason}`));
  }
  if (!parsed.success || faults.length > 0) return { dataset: null, faults };
  const dataset = { ...parsed.data, schema };
  // A schema that can't be compiled is a fault at startup, and not at the first batch.
  try {
    createRecordCheck(dataset, { now: () => 0 });
    return { dataset, faults };
  } catch (error) {
    return { dataset: null, faults: [`${path}: schema: ${(error as Error).message}`] };
  }
}

function toReasons(error: z.ZodError): string[] {
  return error.issues.map(({ path, message }) => `${path.join('.') || 'file'}: ${message}`);
}
