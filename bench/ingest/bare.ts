import { closeSync, openSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { readPeopleFile } from './people-file.js';
import { readPostgresPeople } from './people-postgres.js';
import { isCsv, isPostgres, toPerson } from './people-table.js';

/** The peer: a loop that reads the table or file, maps each row by hand and writes the same NDJSON to a file. */
const [place = '', target = ''] = process.argv.slice(2);

const WRITE_CHARS = 256 * 1024;

const startedAt = performance.now();
const startCpu = process.cpuUsage();
const file = openSync(target, 'w');
let text = '';
let records = 0;

function append(row: Record<string, unknown>): void {
  text += `${JSON.stringify(toPerson(row))}\n`;
  records += 1;
  if (text.length < WRITE_CHARS) return;
  writeSync(file, text);
  text = '';
}

if (isCsv(place)) {
  for await (const row of readPeopleFile(place)) append(row);
} else if (isPostgres(place)) {
  for await (const rows of readPostgresPeople(place)) for (const row of rows) append(row);
} else {
  const database = new DatabaseSync(place, { readOnly: true });
  for (const row of database.prepare('SELECT * FROM people').iterate()) append(row);
}
writeSync(file, text);
closeSync(file);
const seconds = (performance.now() - startedAt) / 1_000;
const { user, system } = process.cpuUsage(startCpu);
process.stdout.write(
  `${JSON.stringify({ records, seconds, cpuSeconds: (user + system) / 1e6 })}\n`,
);
