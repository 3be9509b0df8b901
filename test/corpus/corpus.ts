import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readCsvCorpus } from './csv-corpus.js';

/** `npm run test:corpus -- FOLDER`: read files of others, and print what became of each. */
const { positionals } = parseArgs({ allowPositionals: true });
const [folder] = positionals;
if (folder === undefined) throw new Error('Usage: npm run test:corpus -- FOLDER');

const rows = await readCsvCorpus(join(folder, 'csv'));
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
