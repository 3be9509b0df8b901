import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { type Datasets, DatasetsInvalidError, loadDatasets } from '../../src/platform/datasets.js';
import { createRecordCheck } from '../../src/platform/record-check.js';

/** What became of an example. */
export interface XdmRow {
  readonly name: string;
  /** `taken` where the check finds nothing wrong, whatever the name of the file says. */
  readonly verdict: 'taken' | 'refused' | 'not loaded';
  readonly isAsNamed: boolean;
  readonly why: string;
}

const EXAMPLE = /^(.+)\.(example|invalid)\.\d+\.json$/;

/** Make a dataset of each schema in a folder, as it is, and judge the examples beside it: `NAME.example.N.json`, `NAME.invalid.N.json`. */
export async function readXdmCorpus(folder: string): Promise<XdmRow[]> {
  const dir = await mkdtemp(join(tmpdir(), 'xdm-'));
  try {
    await cp(folder, join(dir, 'schemas'), { recursive: true });
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
    const schemas = names.filter((name) => name.endsWith('.schema.json'));
    for (const [index, name] of schemas.entries()) {
      const id = index.toString(16).padStart(24, '0');
      const schema = JSON.parse(readFileSync(join(folder, name), 'utf8'));
      const file = { id, name, class: 'https://ns.adobe.com/xdm/context/profile', schema };
      await writeFile(join(dir, `${id}.json`), JSON.stringify(file));
    }
    const { datasets, faults: unloaded } = await loadWhatLoads(dir);
    const checks = new Map(
      [...datasets.values()].map((dataset) => [
        dataset.name,
        createRecordCheck(dataset, { now: () => Date.now() }),
      ]),
    );
    return names.flatMap((name): XdmRow[] => {
      const [, stem, kind] = EXAMPLE.exec(basename(name)) ?? [];
      if (stem === undefined) return [];
      const schema = join(dirname(name), `${stem}.schema.json`);
      const check = checks.get(schema);
      const why = unloaded.get(schema) ?? 'no schema has that name';
      if (check === undefined) return [{ name, verdict: 'not loaded', isAsNamed: false, why }];
      const faults = check(JSON.parse(readFileSync(join(folder, name), 'utf8')));
      const verdict = faults.length === 0 ? 'taken' : 'refused';
      const [first] = faults;
      return [
        {
          name,
          verdict,
          isAsNamed: verdict === (kind === 'example' ? 'taken' : 'refused'),
          why: first === undefined ? '' : `${first.pointer}: ${first.message}`,
        },
      ];
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Put aside what does not load, and what refers to that, until the rest does. */
async function loadWhatLoads(dir: string) {
  const faults = new Map<string, string>();
  for (;;) {
    try {
      const datasets: Datasets = await loadDatasets(dir);
      return { datasets, faults };
    } catch (error) {
      if (!(error instanceof DatasetsInvalidError)) throw error;
      for (const fault of error.issues) {
        const [path = '', ...reason] = fault.split(': ');
        const text = await readFile(path, 'utf8').catch(() => null);
        if (text === null) continue;
        const isDataset = dirname(path) === dir;
        const name = isDataset ? JSON.parse(text).name : relative(join(dir, 'schemas'), path);
        faults.set(name, reason.join(': '));
        await rm(path);
      }
    }
  }
}
