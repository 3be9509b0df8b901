import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { parse } from 'csv-parse';
import { COLUMNS, personOf } from './people-table.js';

const ROWS_AT_ONCE = 1_000;

/** Write a CSV file with so many people, the same as the tables have; the first so many of them changed after the others. */
export function createPeopleFile(path: string, rows: number, changed: number): void {
  const file = openSync(path, 'w');
  writeSync(file, `${COLUMNS.join(',')}\n`);
  for (let first = 1; first <= rows; first += ROWS_AT_ONCE) {
    let text = '';
    for (let id = first; id < first + ROWS_AT_ONCE && id <= rows; id += 1) {
      const values = personOf(id).map((value) => value ?? '');
      if (id <= changed) values[COLUMNS.indexOf('changed_at')] = '2026-01-01T00:00:00Z';
      text += `${values.join(',')}\n`;
    }
    writeSync(file, text);
  }
  closeSync(file);
}

/** All people, as csv-parse gives them. */
export function readPeopleFile(path: string): AsyncIterable<Record<string, unknown>> {
  return createReadStream(path).pipe(parse({ columns: true }));
}
