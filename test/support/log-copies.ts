import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IngestionRecord, ReportedState } from '../../src/ingestion/ingestion-request.js';
import type { IngestionLog } from '../../src/ingestion/ports.js';
import type { Position, Transition } from '../../src/ingestion/transition.js';
import { openIngestionLog } from './sqlite-log.js';

/** Everything that a log serves. */
export interface Served {
  readonly head: Position;
  readonly prunedPosition: Position;
  readonly transitions: readonly Transition[];
  readonly byRequest: readonly (readonly Transition[])[];
  readonly byMapping: readonly (readonly Transition[])[];
  readonly records: readonly (IngestionRecord | null)[];
  readonly listed: readonly IngestionRecord[];
  readonly running: readonly IngestionRecord[];
  /** What follows the cursors that clients kept. */
  readonly resumed: readonly Position[];
}

/** A log’s files, what it served when they were copied, and cursors from it. */
export interface LogCopy {
  readonly files: ReadonlyMap<string, Buffer>;
  readonly served: Served;
  readonly cursors: readonly string[];
}

/** Copies of one log: closed, as on the disk while open, and some commits earlier. */
export interface LogCopies extends AsyncDisposable {
  readonly closed: LogCopy;
  /** As a killed process leaves it: the newest commits are only in the -wal file. */
  readonly killed: LogCopy;
  /** An older state of the same log. */
  readonly older: LogCopy;
  /** Write a copy into a new directory. */
  restore(copy: LogCopy): Promise<string>;
}

const mappingIds = ['crm', 'web', 'shop'];
const refs = Array.from({ length: 60 }, (_, index) => ({
  mappingId: mappingIds[index % mappingIds.length] ?? '',
  requestId: String(1_000 + index),
}));

/** Create a log with a bit of everything: running and finished requests, long texts, pruned requests, a late answer. */
export async function createLogCopies(): Promise<LogCopies> {
  const base = await mkdtemp(join(tmpdir(), 'log-copies-'));
  const dataDir = join(base, 'original');
  const log = await openIngestionLog({ dataDir, onFatal: neverCalled });
  const append = (index: number, seen: ReportedState, startedAt?: number) => {
    const ref = refs[index % refs.length] ?? { mappingId: '', requestId: '' };
    return log.append({ ref, seen, observedAt: 1_000 + index, startedAt });
  };
  for (let index = 0; index < 20; index += 1) await append(index, running(index));
  for (let index = 0; index < 10; index += 1) await append(index, finished(index));
  await log.prune(1_005, 100);
  const older = await copy(dataDir, log);
  // Concurrently: a few large commits among many small ones.
  await Promise.all(refs.slice(20).map((_, index) => append(20 + index, running(20 + index))));
  for (let index = 10; index < 40; index += 1) await append(index, finished(index));
  // The last commit has no transition in it.
  await append(50, running(50), 900);
  const killed = await copy(dataDir, log);
  await log.close();
  const closed = { ...killed, files: await readFiles(dataDir) };
  let restoredCount = 0;
  return {
    closed,
    killed,
    older,
    async restore({ files }) {
      restoredCount += 1;
      const dir = join(base, String(restoredCount));
      await mkdir(dir);
      for (const [name, bytes] of files) await writeFile(join(dir, name), bytes);
      return dir;
    },
    [Symbol.asyncDispose]: () => rm(base, { recursive: true }),
  };
}

/** Open a log and read everything it serves. Throws what a gateway would encounter. */
export async function serveLog(dataDir: string, cursors: readonly string[]): Promise<Served> {
  const log = await openIngestionLog({ dataDir, onFatal: () => {} });
  try {
    return await readServed(log, cursors);
  } finally {
    await log.close();
  }
}

/** The same files with one of them replaced; null removes it. */
export function withFile(copy: LogCopy, name: string, bytes: Buffer | null): LogCopy {
  const files = new Map(copy.files);
  if (bytes) files.set(name, bytes);
  else files.delete(name);
  return { ...copy, files };
}

/** The file’s bytes with one bit flipped. */
export function withBitFlipped(bytes: Buffer, offset: number, bit: number): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[offset] = (flipped[offset] ?? 0) ^ (1 << bit);
  return flipped;
}

function running(index: number): ReportedState {
  return { status: 'IN_PROGRESS', info: `It runs: ${'.'.repeat(index)}`, batchId: null };
}

function finished(index: number): ReportedState {
  // Some texts are longer than a page of the database.
  const info = `Done. ${'x'.repeat(index % 7 === 0 ? 9_000 : index)}`;
  return index % 3 === 0
    ? { status: 'FAILED', info, batchId: `batch ${index}` }
    : { status: 'SUCCESS', info, batchId: null, numRecords: index * 1_000_003 };
}

async function copy(dataDir: string, log: IngestionLog): Promise<LogCopy> {
  const files = await readFiles(dataDir);
  const head = await log.head();
  const cursors = Array.from({ length: head + 1 }, (_, position) => log.toCursor(position));
  return { files, cursors, served: await readServed(log, cursors) };
}

async function readFiles(dir: string): Promise<ReadonlyMap<string, Buffer>> {
  const names = await readdir(dir);
  return new Map(
    await Promise.all(
      names.map(async (name) => [name, await readFile(join(dir, name))] as [string, Buffer]),
    ),
  );
}

async function readServed(log: IngestionLog, cursors: readonly string[]): Promise<Served> {
  const all = 1_000;
  return {
    head: await log.head(),
    prunedPosition: await log.prunedPosition(),
    transitions: await log.read({ kind: 'all' }, 0, all),
    byRequest: await Promise.all(refs.map((ref) => log.read({ kind: 'request', ref }, 0, all))),
    byMapping: await Promise.all(
      mappingIds.map((id) => log.read({ kind: 'mappings', mappingIds: [id] }, 0, all)),
    ),
    records: await log.find(refs),
    listed: await log.list({}, null, all),
    running: await log.list({ statuses: ['IN_PROGRESS'] }, null, all),
    resumed: await Promise.all(cursors.map((cursor) => log.parseCursor(cursor))),
  };
}

function neverCalled(error: Error): never {
  throw error;
}
