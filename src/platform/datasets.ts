import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readTextFile } from '../adobe/strict-text.js';
import type { Dataset, DatasetClass } from './dataset.js';
import { createRecordCheck } from './record-check.js';

/** The XDM classes that there are schemas of, by their `$id`. */
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
  schema: z.looseObject({ type: z.literal('object') }),
});

/** The dataset files cannot be used. The message lists every fault, one a line. */
export class DatasetsInvalidError extends Error {
  override readonly name = 'DatasetsInvalidError';

  constructor(faults: readonly string[]) {
    super(['The datasets are wrong:', ...faults.map((fault) => `  ${fault}`)].join('\n'));
  }
}

/** All datasets by their ids. */
export type Datasets = ReadonlyMap<string, Dataset>;

/**
 * Read every `*.json` file of a folder: one dataset each, in a file that has its id for a name.
 *
 * @throws {DatasetsInvalidError} with all faults of all files
 */
export async function loadDatasets(dir: string): Promise<Datasets> {
  const names = await readdir(dir).catch((error: Error) => {
    throw new DatasetsInvalidError([`${dir}: cannot be read: ${error.message}`]);
  });
  const datasets = new Map<string, Dataset>();
  const faults: string[] = [];
  for (const name of names.filter((each) => each.endsWith('.json')).sort()) {
    try {
      const dataset = parseDataset(readTextFile(join(dir, name)));
      if (`${dataset.id}.json` !== name) throw new Error(`expected the name ${dataset.id}.json`);
      datasets.set(dataset.id, dataset);
    } catch (error) {
      const reasons = error instanceof z.ZodError ? toReasons(error) : [(error as Error).message];
      faults.push(...reasons.map((reason) => `${join(dir, name)}: ${reason}`));
    }
  }
  if (datasets.size === 0 && faults.length === 0) faults.push(`${dir}: holds no dataset (*.json)`);
  if (faults.length > 0) throw new DatasetsInvalidError(faults);
  return datasets;
}

function parseDataset(text: string): Dataset {
  const dataset = datasetFile.parse(JSON.parse(text));
  // A schema that is none is a fault of the start, and not of the first batch.
  createRecordCheck(dataset, { now: () => 0 });
  return dataset;
}

function toReasons(error: z.ZodError): string[] {
  return error.issues.map(({ path, message }) => `${path.join('.') || 'file'}: ${message}`);
}
