import { relative, resolve } from 'node:path';
import { type CsvFileReading, openCsv } from '../source/csv-file.js';
import { inferMapping } from './infer-mapping.js';

/** `npm run campaign:infer -- FILE`: print a first mapping for a CSV file, for the folder of mappings. */
const SAMPLE_RECORDS = 1_000;

function open(path: string, encoding: string | null): Promise<CsvFileReading> {
  return openCsv(
    path,
    { delimiter: null, quote: '"', hasHeader: true },
    { columns: [], optional: [] },
    { encoding, signal: new AbortController().signal },
  );
}

/** The first records. A file that is not UTF-8 is read in the encoding of spreadsheets, with a warning to the user. */
async function sampleOf(path: string, encoding: string | null) {
  const { dialect, encoding: found, items } = await open(path, encoding);
  const values: (readonly string[])[] = [];
  for await (const piece of items) {
    values.push(...piece.flatMap((item) => ('values' in item ? [item.values] : [])));
    if (values.length > SAMPLE_RECORDS) break;
  }
  const [header = [], ...records] = values.slice(0, SAMPLE_RECORDS + 1);
  return {
    delimiter: dialect.delimiter,
    encoding: found === 'utf-8' ? null : found,
    header,
    records,
  };
}

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error('Usage: npm run --silent campaign:infer -- FILE');
  process.exitCode = 1;
} else {
  const path = relative(resolve(process.env.CAMPAIGN_SERVICE_MAPPINGS_DIR ?? 'mappings'), file);
  const print = async (encoding: string | null) => {
    process.stdout.write(inferMapping({ path, ...(await sampleOf(file, encoding)) }));
  };
  const fail = ({ message }: Error) => {
    console.error(`${file}: ${message}`);
    process.exitCode = 1;
  };
  try {
    await print(null);
  } catch (error) {
    const { message } = error as Error;
    if (!message.startsWith('is not UTF-8')) {
      fail(error as Error);
    } else {
      console.error(
        `${file} ${message}. Assumed to be windows-1252: check the names in it before you use the mapping.`,
      );
      await print('windows-1252').catch(fail);
    }
  }
}
