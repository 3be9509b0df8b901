import type { BrokenRecord } from './source.js';

/** A longer record is broken (a quote that nobody closed, no line ends). */
export const LONGEST_RECORD = 1_000_000;

/** How much of a bad line is kept: enough to find it. */
export const LONGEST_RAW = 10_000;

/** How a CSV file is written. */
export interface CsvDialect {
  /** One character. */
  readonly delimiter: string;
  /** One character; empty: nothing is quoted. */
  readonly quote: string;
}

/** A record as it is in its file. */
export interface CsvRecord {
  /** The number of its first line, from 1. */
  readonly line: number;
  readonly values: readonly string[];
}

/** The content of a piece of text, in its order. */
export type CsvItem = CsvRecord | BrokenRecord;

/** What the text at a place is. */
type Scanned =
  | {
      readonly kind: 'record';
      readonly values: string[];
      /** A quoted value has a line break. */
      readonly isMultiline: boolean;
      readonly end: number;
    }
  /** The rest of the record has not arrived. */
  | { readonly kind: 'partial' }
  /** A quote that seems to open a value but doesn't; `seenTo` is where that shows. */
  | { readonly kind: 'misquoted'; readonly reason: string; readonly seenTo: number };

const LF = 10;
const CR = 13;

/**
 * Parse a file's text piece by piece. Its first record decides how many values a record has. It reads what Python's `csv` reads, or reports a broken record.
 *
 * A line ends in LF, CR or CRLF, even if others end differently, and empty lines are no records. A quote that does
 * not begin a value is an ordinary character. If an opened quote ends in the middle of a later value, or never, its
 * line is broken, and parsing continues with the next line, instead of after the quote that seems to close it.
 */
export function createCsvParser({ delimiter, quote }: CsvDialect) {
  const DELIMITER = delimiter.charCodeAt(0);
  const QUOTE = quote === '' ? -1 : quote.charCodeAt(0);
  let width: number | null = null;
  let text = '';
  /** Where the next record begins in the text. */
  let at = 0;
  let line = 1;
  /** Up to here, a quote within a value may be the other half of one that was opened wrongly. */
  let doubtfulTo = 0;
  let isInLongLine = false;

  function take(isLast: boolean): CsvItem[] {
    const items: CsvItem[] = [];
    while (at < text.length) {
      if (isInLongLine && !skipLongLine(isLast)) break;
      if (at === text.length) break;
      const scanned = scan(isLast);
      if (scanned.kind === 'record') {
        takeRecord(items, scanned);
        continue;
      }
      const lineEnd = endOfLine(isLast);
      if (scanned.kind === 'misquoted' && lineEnd !== null) {
        doubtfulTo = Math.max(doubtfulTo, scanned.seenTo);
        takeBrokenLine(items, lineEnd, scanned.reason);
        continue;
      }
      if (text.length - at <= LONGEST_RECORD) break;
      takeTooLong(items, lineEnd);
    }
    text = text.slice(at);
    doubtfulTo -= at;
    at = 0;
    return items;
  }

  function scan(isLast: boolean): Scanned {
    const values: string[] = [];
    let isMultiline = false;
    let pos = at;
    for (;;) {
      if (text.charCodeAt(pos) === QUOTE) {
        const end = closingQuote(pos + 1);
        if (end === -1 || (end === text.length - 1 && !isLast)) {
          if (!isLast) return { kind: 'partial' };
          return { kind: 'misquoted', reason: 'a quote is never closed', seenTo: text.length };
        }
        const value = text.slice(pos + 1, end);
        values.push(value.includes(quote) ? value.replaceAll(quote + quote, quote) : value);
        isMultiline ||= hasLineBreak(value);
        pos = end + 1;
      } else {
        const begin = pos;
        for (; pos < text.length; pos += 1) {
          const code = text.charCodeAt(pos);
          if (code === DELIMITER || code === LF || code === CR) break;
        }
        values.push(text.slice(begin, pos));
      }
      if (pos === text.length) {
        return isLast ? { kind: 'record', values, isMultiline, end: pos } : { kind: 'partial' };
      }
      const code = text.charCodeAt(pos);
      if (code === DELIMITER) {
        pos += 1;
        // Without the following character nobody knows whether a quote opens here.
        if (pos === text.length && !isLast) return { kind: 'partial' };
        continue;
      }
      if (code !== LF && code !== CR) {
        return {
          kind: 'misquoted',
          reason: 'a value continues after its closing quote',
          seenTo: pos,
        };
      }
      const end = endOfBreak(pos, isLast);
      return end === -1 ? { kind: 'partial' } : { kind: 'record', values, isMultiline, end };
    }
  }

  function closingQuote(from: number): number {
    let end = text.indexOf(quote, from);
    while (end !== -1 && text.charCodeAt(end + 1) === QUOTE) end = text.indexOf(quote, end + 2);
    return end;
  }

  /** @returns where the next line begins; -1 if an LF may follow this CR */
  function endOfBreak(pos: number, isLast: boolean): number {
    if (text.charCodeAt(pos) === LF) return pos + 1;
    if (pos + 1 === text.length && !isLast) return -1;
    return text.charCodeAt(pos + 1) === LF ? pos + 2 : pos + 1;
  }

  function takeRecord(
    items: CsvItem[],
    { values, isMultiline, end }: Extract<Scanned, { kind: 'record' }>,
  ): void {
    const [first = ''] = values;
    const isEmptyLine =
      values.length === 1 && first === '' && text.charCodeAt(at) !== QUOTE && at < end;
    if (isEmptyLine) {
      at = end;
      line += 1;
      return;
    }
    width ??= values.length;
    const lines = isMultiline ? linesOf(text.slice(at, end)) : null;
    const isDoubtful = at < doubtfulTo && QUOTE !== -1;
    const reason =
      values.length !== width
        ? `expected ${width} values, got ${values.length}`
        : lines !== null && looksLikeRecords(lines, width)
          ? 'a quoted value with line breaks, whose lines look like records'
          : isDoubtful && hasStrayQuote(text.slice(at, end))
            ? 'a quote within a value, after a line with a quote that is not closed'
            : null;
    if (reason === null) {
      items.push({ line, values });
      line += lines?.length ?? 1;
    } else {
      for (const raw of lines ?? linesOf(text.slice(at, end))) takeBroken(items, raw, reason);
    }
    at = end;
  }

  /** True if each line of a record could be a record: it has as many values, and begins with one of the same form. */
  function looksLikeRecords(lines: readonly string[], expected: number): boolean {
    const rows = lines.map((row) => row.split(delimiter));
    if (rows.some(({ length }) => length !== expected)) return false;
    const [shape, ...others] = rows.map(([first = '']) => shapeOf(first));
    return others.every((other) => other === shape) || (expected > 2 && others.length > 2);
  }

  /** True for a quote in a value that does not begin with one. */
  function hasStrayQuote(record: string): boolean {
    for (let pos = record.indexOf(quote); pos !== -1; ) {
      const before = record.charCodeAt(pos - 1);
      if (pos > 0 && before !== DELIMITER) return true;
      let end = record.indexOf(quote, pos + 1);
      while (end !== -1 && record.charCodeAt(end + 1) === QUOTE)
        end = record.indexOf(quote, end + 2);
      if (end === -1) return true;
      pos = record.indexOf(quote, end + 1);
    }
    return false;
  }

  /** Where the current line ends and the next one begins; null if it is incomplete. */
  function endOfLine(isLast: boolean): { readonly end: number; readonly next: number } | null {
    let end = at;
    for (; end < text.length; end += 1) {
      const code = text.charCodeAt(end);
      if (code === LF || code === CR) break;
    }
    if (end === text.length) return isLast ? { end, next: end } : null;
    const next = endOfBreak(end, isLast);
    return next === -1 ? null : { end, next };
  }

  /** The first line of a record is broken. */
  function takeBrokenLine(
    items: CsvItem[],
    { end, next }: { readonly end: number; readonly next: number },
    reason: string,
  ): void {
    takeBroken(items, text.slice(at, end), reason);
    at = next;
  }

  function takeTooLong(items: CsvItem[], lineEnd: ReturnType<typeof endOfLine>): void {
    const reason = `a record exceeds ${LONGEST_RECORD} characters`;
    doubtfulTo = text.length;
    if (lineEnd !== null) {
      takeBrokenLine(items, lineEnd, reason);
      return;
    }
    takeBroken(items, text.slice(at), reason);
    at = text.length;
    isInLongLine = true;
  }

  /** @returns true once the line is over */
  function skipLongLine(isLast: boolean): boolean {
    const lineEnd = endOfLine(isLast);
    if (lineEnd === null) {
      // A CR stays, because an LF may follow.
      at = text.endsWith('\r') ? text.length - 1 : text.length;
      return false;
    }
    at = lineEnd.next;
    isInLongLine = false;
    return true;
  }

  function takeBroken(items: CsvItem[], raw: string, reason: string): void {
    items.push({
      line,
      reason,
      raw: raw.length > LONGEST_RAW ? `${raw.slice(0, LONGEST_RAW)}…` : raw,
    });
    line += 1;
  }

  return {
    /** @returns what is complete now */
    push(more: string): CsvItem[] {
      text += more;
      return take(false);
    },
    /** @returns the rest, at the end of the file */
    end: (): CsvItem[] => take(true),
  };
}

/** The form of a value, to distinguish numbers and codes from words. */
function shapeOf(value: string): string {
  return `${/\p{L}/u.test(value)} ${/\d/.test(value)}`;
}

function hasLineBreak(value: string): boolean {
  return value.includes('\n') || value.includes('\r');
}

/** A text's lines, without their ends. */
function linesOf(text: string): string[] {
  return text.replace(/\r\n?$|\n$/, '').split(/\r\n|\n|\r/);
}
