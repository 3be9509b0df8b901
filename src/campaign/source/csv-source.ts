import { basename } from 'node:path';
import type { CsvFile } from '../mapping/mapping.js';
import { openCsv } from './csv-file.js';
import { type BrokenRecord, CHUNK_ROWS, type SourceChunk, type SourceQuery } from './source.js';

const MARK = '\uFEFF';

/** Read a CSV file in its order, one piece at a time. */
export async function* readCsv(
  path: string,
  { encoding, delimiter, quote = '"', header: hasHeader = true }: CsvFile,
  { columns, optional = [], signal }: SourceQuery,
): AsyncGenerator<SourceChunk> {
  const { places, items } = await openCsv(
    path,
    { delimiter: delimiter ?? null, quote, hasHeader },
    { columns, optional },
    { encoding: encoding ?? null, signal },
  );
  const file = basename(path);
  let header: readonly string[] | null = null;
  for await (const piece of items) {
    for (let from = 0; from < piece.length; from += CHUNK_ROWS) {
      const rows: (string | undefined)[][] = [];
      const lines: number[] = [];
      const broken: BrokenRecord[] = [];
      for (const item of piece.slice(from, from + CHUNK_ROWS)) {
        if (!('values' in item)) {
          broken.push(item);
        } else if (header === null && hasHeader) {
          header = item.values;
        } else if (header !== null && isRepeated(header, item.values)) {
          const reason = 'the header again, as where files were joined';
          broken.push({ line: item.line, reason, raw: item.values });
        } else if (item.values[0]?.startsWith(MARK)) {
          const reason = 'begins with a byte order mark, as where files were joined';
          broken.push({ line: item.line, reason, raw: item.values });
        } else {
          rows.push(places.map((place) => item.values[place]));
          lines.push(item.line);
        }
      }
      yield { file, rows, lines, broken };
    }
  }
}

/** True for a header among the records, even if it comes from a joined file with a byte order mark. */
function isRepeated(header: readonly string[], values: readonly string[]): boolean {
  return header.every((name, at) => name === (values[at] ?? '').replace(MARK, ''));
}
