import {
  type CsvLayout,
  type CsvSettings,
  findLayout,
  type RequestedColumns,
} from './csv-dialect.js';
import { type CsvItem, createCsvParser, LONGEST_RECORD } from './csv-parser.js';
import { type FileText, openText, type TextOptions } from './file-text.js';

/** How much text is examined to find out how a file is written, or more if its first line is longer. */
const HEAD_CHARS = 16 * 1024;

/** A CR may be half of a line end. */
const WHOLE_LINE = /\n|\r./s;

/** A CSV file that is being read, and how it is written. */
export interface CsvFileReading extends CsvLayout, Pick<FileText, 'encoding' | 'isGzip'> {
  /** Its records, including a header, one piece of the file at a time. Begin to read this, then read it to its end or return it. */
  readonly items: AsyncGenerator<readonly CsvItem[]>;
}

/**
 * Begin to read a CSV file.
 *
 * @throws what {@link openText} throws; {@link CsvHeaderError}
 */
export async function openCsv(
  path: string,
  settings: CsvSettings,
  requested: RequestedColumns,
  options: TextOptions,
): Promise<CsvFileReading> {
  const { encoding, isGzip, pieces } = await openText(path, options);
  try {
    const { head, isWhole } = await readHead(pieces);
    const layout = findLayout(head, isWhole, settings, requested);
    return { ...layout, encoding, isGzip, items: readItems(head, pieces, layout) };
  } catch (error) {
    // It may know a reason.
    await pieces.throw(error);
    throw error;
  }
}

async function readHead(
  pieces: AsyncGenerator<string>,
): Promise<{ readonly head: string; readonly isWhole: boolean }> {
  let head = '';
  const isEnough = () =>
    head.length >= HEAD_CHARS && (WHOLE_LINE.test(head) || head.length > LONGEST_RECORD);
  while (!isEnough()) {
    const { value, done } = await pieces.next();
    if (done) return { head, isWhole: true };
    head += value;
  }
  return { head, isWhole: false };
}

async function* readItems(
  head: string,
  rest: AsyncGenerator<string>,
  { dialect }: CsvLayout,
): AsyncGenerator<readonly CsvItem[]> {
  const parser = createCsvParser(dialect);
  try {
    yield parser.push(head);
    for await (const text of rest) yield parser.push(text);
    yield parser.end();
  } finally {
    await rest.return(undefined);
  }
}
