import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { readSchemaFolder } from '../../adobe/schema-folder.js';
import type { CsvFile, Mapping } from '../mapping/mapping.js';
import { parseMapping } from '../mapping/mapping-file.js';
import { MappingsInvalidError } from '../mapping/mapping-issue.js';
import { readMappingFile } from '../mapping/mappings.js';
import { unknownPaths } from '../mapping/schema-paths.js';
import { openCsv } from '../source/csv-file.js';
import { columnsOf, optionalColumnsOf } from '../source/source.js';
import { listFiles } from '../source/source-files.js';
import { previewMapping } from './preview-mapping.js';

/**
 * `npm run campaign:check -- MAPPING`: read a mapping's whole source, and report what is wrong with it or with the
 * mapping; exits with 1 if a run would fail. `npm run campaign:preview -- MAPPING --rows 20`: show the first records
 * as they would be sent. Neither sends anything.
 */
const USAGE =
  'Usage: npm run --silent campaign:check -- MAPPING, or campaign:preview -- MAPPING --rows 20';
const SHOWN_REJECTS = 20;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    preview: { type: 'boolean', default: false },
    rows: { type: 'string', default: '20' },
  },
});
const signal = new AbortController().signal;

async function main(): Promise<boolean> {
  const [file] = positionals;
  const rows = Number(values.rows);
  if (file === undefined || positionals.length > 1 || !Number.isInteger(rows) || rows < 1) {
    throw new Error(USAGE);
  }
  const parsed = parseMapping(file, await readMappingFile(file), process.env);
  if (parsed.kind === 'issues') throw new MappingsInvalidError(parsed.issues);
  const { mapping } = parsed;
  if (mapping.source.kind === 'csv') await tellLayout(mapping, mapping.source);
  const limits = values.preview
    ? { maxRows: rows, maxShown: rows }
    : { maxRows: Number.POSITIVE_INFINITY, maxShown: SHOWN_REJECTS };
  const preview = await previewMapping(mapping, limits, signal);
  const { records, rejects, numRecords, numRejected, notice } = preview;
  if (values.preview) for (const record of records) process.stdout.write(record);
  for (const { line, key, reason } of rejects) {
    const place = line === null ? `key ${JSON.stringify(key)}` : `line ${line}`;
    console.log(`rejected: ${place}: ${reason}`);
  }
  const read = numRecords + numRejected;
  console.log(`${read} read: ${numRecords} would be sent, ${numRejected} rejected`);
  if (notice !== '') console.log(notice);
  const { maxRejected } = mapping;
  const borne = maxRejected.kind === 'records' ? maxRejected.max : (read * maxRejected.max) / 100;
  const hasPaths = await checkPaths(mapping);
  return values.preview || (hasPaths && numRejected <= borne);
}

async function tellLayout(mapping: Mapping, source: CsvFile): Promise<void> {
  const wanted = { columns: columnsOf(mapping), optional: optionalColumnsOf(mapping) };
  const { delimiter = null, quote = '"', header: hasHeader = true, encoding = null } = source;
  const { complete } = await listFiles(source);
  for (const path of complete) {
    const settings = { delimiter, quote, hasHeader };
    const reading = await openCsv(path, settings, wanted, { encoding, signal });
    // A generator that has not begun would leave the file open.
    await reading.items.next();
    await reading.items.return(undefined);
    const packed = reading.isGzip ? 'gzip, ' : '';
    console.log(
      `${relative('', path)}: ${packed}${reading.encoding}, cut at ${JSON.stringify(reading.dialect.delimiter)}`,
    );
  }
}

/** @returns false if the schema of the dataset is known, and lacks a path */
async function checkPaths({ dataset, fields }: Mapping): Promise<boolean> {
  const dir = process.env.PLATFORM_RECEIVER_DATASETS_DIR ?? 'datasets';
  const folder = await readSchemaFolder(dir).catch(() => null);
  const file = folder?.datasets.find(({ name }) => name === `${dataset}.json`);
  if (folder === null || file === undefined) {
    const path = join(dir, `${dataset}.json`);
    console.log(`${path} does not exist: the paths were not compared with a schema`);
    return true;
  }
  const { schema, issues } = folder.bundleOf(file);
  for (const issue of issues) console.log(`${file.path}: schema: ${issue}`);
  const unknown = unknownPaths(schema, [...new Set(fields.map(({ to }) => to))]);
  for (const to of unknown) console.log(`${to} is not in the schema of ${dataset}`);
  return unknown.length === 0;
}

try {
  if (!(await main())) process.exitCode = 1;
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
