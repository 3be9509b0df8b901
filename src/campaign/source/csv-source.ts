import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CsvError, type Parser, parse } from 'csv-parse';
import { LONGEST_RECORD, readText } from './file-text.js';
import { type BrokenRecord, CHUNK_ROWS, type SourceChunk, type SourceQuery } from './source.js';

/** After these the rest of the file is swallowed, not one record broken. */
const FATAL = new Set(['CSV_QUOTE_NOT_CLOSED', 'CSV_MAX_RECORD_SIZE']);

/** What the parser hands over: a record with its place, or what is wrong with one. */
type Item = CsvError | { readonly info: { readonly lines: number }; readonly record: string[] };

/** Read a CSV file in its order, a piece of it at a time. */
export async function* readCsv(
  path: string,
  { columns, signal }: SourceQuery,
): AsyncGenerator<SourceChunk> {
  const parser = parse({
    bom: true,
    info: true,
    max_record_size: LONGEST_RECORD,
    skip_empty_lines: true,
    skip_records_with_error: true,
  });
  // A parser that fails throws away the good records it has not yet handed over. So it is told to go on,
  // and the error takes its place among the records.
  parser.on('skip', (error: unknown) => parser.push(error));
  // A failure of the file destroys the parser, whose reader below then throws it.
  const piped = pipeline(Readable.from(readText(path, signal)), parser).catch(() => {});
  let places: readonly number[] | null = null;
  try {
    for await (const items of readItems(parser)) {
      const rows: (string | undefined)[][] = [];
      const lines: number[] = [];
      const broken: BrokenRecord[] = [];
      for (const item of items) {
        if (item instanceof Error) {
          broken.push(toBroken(item));
        } else if (places === null) {
          places = placesOf(columns, item.record);
        } else {
          const { record } = item;
          rows.push(places.map((place) => record[place]));
          lines.push(item.info.lines);
        }
      }
      yield { rows, lines, broken };
    }
  } finally {
    parser.destroy();
    await piped;
  }
  if (places === null) throw new Error('is empty: a CSV file begins with its header');
}

/** Take what the parser has, many records at once: a promise for each would cost more than parsing it. */
async function* readItems(parser: Parser): AsyncGenerator<Item[]> {
  while (!parser.readableEnded) {
    if (parser.errored) throw parser.errored;
    const items: Item[] = [];
    while (items.length < CHUNK_ROWS) {
      const item: Item | null = parser.read();
      if (item === null) break;
      items.push(item);
    }
    if (items.length > 0) yield items;
    else await nextEventOf(parser);
  }
}

/** Resolves when the parser has more, or is over in whatever way. */
function nextEventOf(parser: Parser): Promise<void> {
  const events = ['readable', 'end', 'error', 'close'];
  return new Promise((resolve) => {
    const onEvent = () => {
      for (const event of events) parser.off(event, onEvent);
      resolve();
    };
    for (const event of events) parser.on(event, onEvent);
  });
}

function toBroken(error: CsvError): BrokenRecord {
  if (FATAL.has(error.code)) throw error;
  return { line: Number(error.lines), reason: error.message, raw: error.record };
}

function placesOf(columns: readonly string[], header: readonly string[]): readonly number[] {
  const missing = columns.filter((column) => !header.includes(column));
  if (missing.length > 0) {
    throw new Error(`has no column ${missing.join(', ')}; it has ${header.join(', ')}`);
  }
  const twice = header.find((column, index) => header.indexOf(column) !== index);
  if (twice !== undefined) throw new Error(`has two columns ${twice}`);
  return columns.map((column) => header.indexOf(column));
}
