import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readCsvCorpus } from './csv-corpus.js';
import { readXdmCorpus } from './xdm-corpus.js';

/** `npm run test:corpus -- FOLDER`: read files of others, and print what became of each. */
const { positionals } = parseArgs({ allowPositionals: true });
const [folder] = positionals;
if (folder === undefined) throw new Error('Usage: npm run test:corpus -- FOLDER');

const has = (name: string) => existsSync(join(folder, name));
const rows = has('csv') ? await readCsvCorpus(join(folder, 'csv')) : [];
for (const { name, encoding, delimiter, records, rejected, verdict } of rows) {
  const read =
    encoding === '' ? '' : `${encoding} ${delimiter} ${records} records, ${rejected} rejected`;
  console.log(
    `${verdict.kind.padEnd(10)}${name.slice(-50).padEnd(52)}${read.padEnd(40)}${verdict.why.slice(0, 90)}`,
  );
}
const countOf = (kind: string) => rows.filter(({ verdict }) => verdict.kind === kind).length;
console.log(
  `\n${rows.length} CSV files: ${countOf('same')} as Python reads them, ${countOf('refused')} refused, ${countOf('different')} different.`,
);
if (countOf('different') > 0) process.exitCode = 1;

const examples = has('xdm') ? await readXdmCorpus(join(folder, 'xdm')) : [];
for (const { name, verdict, isAsNamed, why } of examples) {
  if (isAsNamed && verdict === 'taken') continue;
  const kind = isAsNamed ? verdict : verdict.toUpperCase();
  console.log(`${kind.padEnd(12)}${name.slice(-70).padEnd(72)}${why.slice(0, 90)}`);
}
const asNamed = examples.filter(({ isAsNamed }) => isAsNamed).length;
const unloaded = examples.filter(({ verdict }) => verdict === 'not loaded').length;
const wrong = examples.length - asNamed - unloaded;
console.log(
  `\n${examples.length} examples of XDM: ${asNamed} judged as their names say, ${wrong} otherwise, ${unloaded} whose schemas are not there or do not load.`,
);
if (wrong > 0) process.exitCode = 1;
