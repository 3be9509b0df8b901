import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { openCsv } from '../../src/campaign/source/csv-file.js';
import type { CsvItem } from '../../src/campaign/source/csv-parser.js';
import { askPython, differencesOf } from '../campaign/support/csv-beside-python.js';

/** What became of a file. */
export interface CorpusRow {
  readonly name: string;
  /** Where it was read. */
  readonly encoding: string;
  readonly delimiter: string;
  readonly records: number;
  readonly rejected: number;
  readonly verdict: { readonly kind: 'same' | 'refused' | 'different'; readonly why: string };
}

/**
 * Read each CSV file of a folder as `infer` reads one of which nothing is known, and again with Python's csv.
 *
 * @throws where there is no Python
 */
export async function readCsvCorpus(folder: string): Promise<CorpusRow[]> {
  const rows: CorpusRow[] = [];
  for (const name of readdirSync(folder)
    .filter((each) => each.endsWith('.csv'))
    .sort()) {
    rows.push(await readOne(folder, name));
  }
  return rows;
}

async function readOne(folder: string, name: string): Promise<CorpusRow> {
  const path = join(folder, name);
  const nothing = { name, encoding: '', delimiter: '', records: 0, rejected: 0 };
  try {
    const { encoding, isGzip, dialect, items } = await openCsv(
      path,
      { delimiter: null, quote: '"', hasHeader: true },
      { columns: [], optional: [] },
      { encoding: null, signal: new AbortController().signal },
    );
    const all: CsvItem[] = [];
    for await (const piece of items) all.push(...piece);
    const { delimiter } = dialect;
    const [answer] = askPython([{ path, encoding, delimiter }]) ?? [];
    if (answer === undefined) throw new Error('python3 is needed to compare with');
    const bytes = readFileSync(path);
    const text = new TextDecoder(encoding).decode(isGzip ? gunzipSync(bytes) : bytes);
    const differences = differencesOf(all, text, answer);
    const rejected = all.filter((item) => 'reason' in item);
    const why = differences[0] ?? rejected[0]?.reason ?? '';
    return {
      ...nothing,
      encoding: isGzip ? `gzip, ${encoding}` : encoding,
      delimiter: JSON.stringify(delimiter),
      records: all.length - rejected.length,
      rejected: rejected.length,
      verdict: { kind: differences.length === 0 ? 'same' : 'different', why },
    };
  } catch (error) {
    return { ...nothing, verdict: { kind: 'refused', why: (error as Error).message } };
  }
}
