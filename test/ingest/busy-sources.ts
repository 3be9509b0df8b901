import { appendFile, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { mappingYaml } from '../campaign/support/running-service.js';

/** A row as it is in its source in the end. */
export interface SourceRow {
  /** What it is called among the rejects: its key, or the text of a line that has none. */
  readonly name: string;
  /** As it is sent; an update makes another one. */
  readonly version: string;
  readonly fate: 'sent' | 'rejected' | 'refused by Platform';
}

/** Sources that change, as those who write to them do it. */
export interface BusySources extends Disposable {
  readonly mappingIds: readonly string[];
  /** All rows that there are now. */
  rows(): readonly SourceRow[];
  /** Change something in each. */
  step(): Promise<void>;
  /** Commit what is still held back. */
  settle(): Promise<void>;
}

/** A transaction is held back for at most so many steps. */
const MAX_HELD_STEPS = 20;

/** So many seconds pass with a step at most: with those above, less than the mapping's lag of a minute. */
const MAX_TICKS = 2;

/** What Platform refuses, by the schema of the tests' dataset. */
const REFUSED = 'Mallory';

const fields = [
  { column: 'id', to: '_id' },
  { column: 'name', to: 'person.name.firstName' },
  { column: 'points', to: 'loyalty.points', as: 'integer' },
];

const common = { changed: 'at', execution: 'started', maxRejected: '100%', fields };

const toInstant = (tick: number) => new Date(Date.UTC(2024, 0, 1) + tick * 1_000).toISOString();

/**
 * A table, whose transactions become visible late; a CSV file that grows; and a folder into which files are moved. Some rows are
 * bad, in each way in which a row can be.
 */
export async function createBusySources(
  mappingsDir: string,
  random: () => number,
): Promise<BusySources> {
  const rows = new Map<string, SourceRow>();
  const held: { readonly atStep: number; readonly commit: () => void }[] = [];
  const folder = join(mappingsDir, 'orders');
  const csv = join(mappingsDir, 'people.csv');
  const database = new DatabaseSync(join(mappingsDir, 'crm.db'));
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
    CREATE TABLE people (id TEXT PRIMARY KEY, name TEXT, points TEXT, at TEXT);
    CREATE INDEX people_at ON people (at)`);
  const upsert = database.prepare(
    `INSERT INTO people VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET name = excluded.name, at = excluded.at`,
  );
  await mkdir(folder);
  await writeFile(csv, 'id,name,points,at\n');
  await writeFile(join(folder, '0.ndjson'), '');
  let count = 0;
  let tick = 1;
  let steps = 0;

  const below = (most: number) => Math.floor(random() * most);

  /** A new row, and what is to become of it. */
  function make(kind: string, at: string) {
    count += 1;
    const id = `${kind}-${count}`;
    const row = { id, name: `v${count}`, points: '1', at };
    const chance = below(40);
    if (chance === 0) return { ...row, points: 'many', fate: 'rejected' } as const;
    if (chance === 1) return { ...row, at: 'NULL', fate: 'rejected' } as const;
    if (chance === 2) return { ...row, name: REFUSED, fate: 'refused by Platform' } as const;
    return { ...row, fate: 'sent' } as const;
  }

  function note({ id, name, fate }: ReturnType<typeof make>): void {
    rows.set(id, { name: id, version: `${id} ${name}`, fate });
  }

  function commit(row: ReturnType<typeof make>): void {
    upsert.run(row.id, row.name, row.points, row.at);
    note(row);
  }

  function changeTable(): void {
    for (let each = below(4); each > 0; each -= 1) {
      const row = make('t', toInstant(tick));
      if (below(3) > 0) commit(row);
      else held.push({ atStep: steps + below(MAX_HELD_STEPS), commit: () => commit(row) });
    }
    const known = [...rows.values()].filter(
      ({ name, fate }) => name.startsWith('t-') && fate === 'sent',
    );
    const updated = known[below(known.length)];
    if (updated === undefined) return;
    const [id = ''] = updated.version.split(' ');
    count += 1;
    commit({ id, name: `v${count}`, points: '1', at: toInstant(tick), fate: 'sent' });
  }

  async function growFile(): Promise<void> {
    const made = Array.from({ length: below(4) }, () => make('c', String(tick)));
    const lines = made.map(({ id, name, points, at }) => `${id},${name},${points},${at}\n`);
    if (below(20) === 0) {
      count += 1;
      const text = `broken-${count}`;
      lines.push(`${text}\n`);
      rows.set(text, { name: text, version: text, fate: 'rejected' });
    }
    await appendFile(csv, lines.join(''));
    made.forEach(note);
  }

  async function dropFile(): Promise<void> {
    if (below(10) > 0) return;
    const made = Array.from({ length: 1 + below(20) }, () => make('n', toInstant(tick)));
    const lines = made.map(({ fate: _fate, ...row }) => `${JSON.stringify(row)}\n`);
    const name = `${String(steps).padStart(6, '0')}.ndjson`;
    await writeFile(join(folder, `.${name}`), lines.join(''));
    await rename(join(folder, `.${name}`), join(folder, name));
    made.forEach(note);
  }

  function commitHeld(isDue: (atStep: number) => boolean): void {
    for (const one of held.splice(0)) {
      if (isDue(one.atStep)) one.commit();
      else held.push(one);
    }
  }

  const sources = {
    table: { kind: 'sqlite', path: 'crm.db', table: 'people' },
    file: { kind: 'csv', path: 'people.csv' },
    folder: { kind: 'ndjson', path: 'orders/*.ndjson' },
  };
  for (const [id, source] of Object.entries(sources)) {
    const lag = id === 'table' ? { lag: '60s' } : {};
    const as = id === 'file' ? 'number' : 'date-time';
    const yaml = mappingYaml(id, { ...common, source, ...lag, changed: { column: 'at', as } });
    await writeFile(join(mappingsDir, `${id}.yaml`), yaml);
  }
  return {
    mappingIds: Object.keys(sources),
    rows: () => [...rows.values()],
    async step() {
      steps += 1;
      tick += below(MAX_TICKS + 1);
      commitHeld((atStep) => atStep <= steps);
      changeTable();
      await growFile();
      await dropFile();
    },
    async settle() {
      commitHeld(() => true);
    },
    [Symbol.dispose]: () => database.close(),
  };
}
