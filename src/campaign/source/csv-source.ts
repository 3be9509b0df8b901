import type { CsvFile } from '../mapping.js';
import { findLayout } from './csv-dialect.js';
import { createCsvParser } from './csv-parser.js';
import { openText } from './file-text.js';
import { type BrokenRecord, CHUNK_ROWS, type SourceChunk, type SourceQuery } from './source.js';

/** So much text tells how a file is written. */
const HEAD_CHARS = 16 * 1024;

/** Read a CSV file in its order, a piece of it at a time. */
export async function* readCsv(
  path: string,
  { encoding, delimiter, quote = '"', header: hasHeader = true }: CsvFile,
  { columns, optional = [], signal }: SourceQuery,
): AsyncGenerator<SourceChunk> {
  const { pieces } = await openText(path, { encoding: encoding ?? null, signal });
  try {
    const { head, isWhole } = await readHead(pieces);
    const settings = { delimiter: delimiter ?? null, quote, hasHeader };
    const { dialect, places } = findLayout(head, isWhole, settings, { columns, optional });
    const parser = createCsvParser(dialect);
    let header: readonly string[] | null = null;
    let needsHeader = hasHeader;
    let items = parser.push(head);
    for (let isOver = false; ; ) {
      for (let from = 0; from < items.length; from += CHUNK_ROWS) {
        const rows: (string | undefined)[][] = [];
        const lines: number[] = [];
        const broken: BrokenRecord[] = [];
        for (const item of items.slice(from, from + CHUNK_ROWS)) {
          if (!('values' in item)) {
            broken.push(item);
          } else if (needsHeader) {
            header = item.values;
            needsHeader = false;
          } else if (header !== null && isRepeated(header, item.values)) {
            const reason = 'the header again, as where files were joined';
            broken.push({ line: item.line, reason, raw: item.values });
          } else {
            rows.push(places.map((place) => item.values[place]));
            lines.push(item.line);
          }
        }
        yield { rows, lines, broken };
      }
      if (isOver) return;
      const { value, done } = await pieces.next();
      isOver = done === true;
      items = isOver ? parser.end() : parser.push(value ?? '');
    }
  } finally {
    await pieces.return(undefined);
  }
}

async function readHead(
  pieces: AsyncGenerator<string>,
): Promise<{ readonly head: string; readonly isWhole: boolean }> {
  let head = '';
  while (head.length < HEAD_CHARS) {
    const { value, done } = await pieces.next();
    if (done) return { head, isWhole: true };
    head += value;
  }
  return { head, isWhole: false };
}

/** True for a header that stands among the records; of a file that was joined to another with its byte order mark. */
function isRepeated(header: readonly string[], values: readonly string[]): boolean {
  return header.every((name, at) => name === (values[at] ?? '').replace('\uFEFF', ''));
}
