import { type CsvDialect, createCsvParser } from './csv-parser.js';

const DELIMITERS = [',', ';', '\t', '|'] as const;

/** How many records of a file without a header are examined. */
const SAMPLE_RECORDS = 20;

/** A file that is not what its mapping says. */
export class CsvHeaderError extends Error {
  override readonly name = 'CsvHeaderError';
}

/** What a mapping says about a CSV file. */
export interface CsvSettings {
  /** Null: the file decides. */
  readonly delimiter: string | null;
  readonly quote: string;
  /** False: columns are numbered from 1. */
  readonly hasHeader: boolean;
}

/** How a file is written, and where its columns are. */
export interface CsvLayout {
  readonly dialect: CsvDialect;
  /** The place of each column among a record's values; -1 for a missing optional one. */
  readonly places: readonly number[];
}

/** What to look for in a file. */
export interface RequestedColumns {
  readonly columns: readonly string[];
  /** Columns that the file need not have. */
  readonly optional: readonly string[];
}

/**
 * Find out from a file's beginning how it is written. Unless the delimiter is set, it is the one that gives the
 * requested columns; without a header, it is the one that cuts all records into the same number of values.
 *
 * @param head - the beginning of the file's text, or all of it
 * @throws {CsvHeaderError}
 */
export function findLayout(
  head: string,
  isWhole: boolean,
  { delimiter, quote, hasHeader }: CsvSettings,
  requested: RequestedColumns,
): CsvLayout {
  const delimiters = delimiter === null ? DELIMITERS : [delimiter];
  const candidates = delimiters.map((one): Candidate => {
    const dialect = { delimiter: one, quote };
    const parser = createCsvParser(dialect);
    const items = isWhole ? [...parser.push(head), ...parser.end()] : parser.push(head);
    const records = items.flatMap((item) => ('values' in item ? [item.values] : []));
    const [first] = items;
    const issue = first !== undefined && 'reason' in first ? first.reason : null;
    return { dialect, records, issue, broken: items.length - records.length };
  });
  if (candidates.every(({ records }) => records.length === 0)) {
    throw new CsvHeaderError(
      hasHeader ? 'is empty: a CSV file begins with its header' : 'is empty: nothing to be read',
    );
  }
  return hasHeader ? withHeader(candidates, requested) : withoutHeader(candidates, requested);
}

interface Candidate {
  readonly dialect: CsvDialect;
  readonly records: readonly (readonly string[])[];
  /** What is wrong with the first of them. */
  readonly issue: string | null;
  readonly broken: number;
}

function withHeader(candidates: readonly Candidate[], requested: RequestedColumns): CsvLayout {
  const headers = candidates.map(({ dialect, issue, broken, records }) => {
    const [header = []] = records;
    const found = requested.columns.filter((column) => header.includes(column)).length;
    const columns = broken < records.length ? header.length : 0;
    return { dialect, header, issue, found, columns };
  });
  // Of several that find as much, the first. If none finds anything, the one with the most columns.
  const [best] = headers.sort(
    (a, b) => b.found - a.found || (a.found === 0 ? b.columns - a.columns : 0),
  );
  if (best === undefined) throw new CsvHeaderError('is empty');
  const { dialect, header, issue } = best;
  const missing = requested.columns.filter(
    (column) => !header.includes(column) && !requested.optional.includes(column),
  );
  const broken = issue ?? (missing.length > 0 ? candidates[0]?.issue : null) ?? null;
  if (broken !== null) throw new CsvHeaderError(`has a broken header: ${broken}`);
  if (missing.length > 0) {
    const has = header.map((name) => JSON.stringify(name)).join(', ');
    const cut = JSON.stringify(dialect.delimiter);
    throw new CsvHeaderError(
      `has no column ${missing.join(', ')}; cut at ${cut} it has ${has.slice(0, 500)}`,
    );
  }
  const twice = requested.columns.find(
    (column) => header.indexOf(column) !== header.lastIndexOf(column),
  );
  if (twice !== undefined) throw new CsvHeaderError(`has two columns ${twice}`);
  return { dialect, places: requested.columns.map((column) => header.indexOf(column)) };
}

function withoutHeader(candidates: readonly Candidate[], requested: RequestedColumns): CsvLayout {
  const places = requested.columns.map((column) => Number(column) - 1);
  const least = Math.max(...places) + 1;
  const fitting = candidates.filter(({ records, broken }) => {
    const [first = [], ...others] = records.slice(0, SAMPLE_RECORDS);
    const isEven = others.every(({ length }) => length === first.length);
    return first.length >= least && (candidates.length === 1 || (isEven && broken === 0));
  });
  const [only] = fitting.filter(({ records: [first = []] }) => first.length > 1 || least === 1);
  const isOne = fitting.filter(({ records: [first = []] }) => first.length > 1).length <= 1;
  if (only !== undefined && isOne) return { dialect: only.dialect, places };
  throw new CsvHeaderError(
    fitting.length === 0
      ? `has no column ${least}: its first record has ${candidates[0]?.records[0]?.length ?? 0} values; or set its delimiter`
      : 'can be cut at several delimiters: set its delimiter',
  );
}
