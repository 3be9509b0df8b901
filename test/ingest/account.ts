import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { readBatches } from '../campaign/support/running-service.js';
import type { SourceRow } from './busy-sources.js';

interface SentRecord {
  readonly _id: string;
  readonly person?: { readonly name?: { readonly firstName?: string } };
}

/** What became of the rows of all sources, by what the service and the receiver left on disk. */
export interface Account {
  readonly jobs: number;
  readonly batches: number;
  readonly sent: number;
  readonly rejected: number;
  /** What was promised and not kept. */
  readonly violations: readonly string[];
}

/**
 * Compare the rows with what the receiver has accepted and what the jobs that succeeded have rejected: each row is in one of the
 * two, once.
 */
export async function takeAccount(
  dataDir: string,
  rows: readonly SourceRow[],
  mappingIds: readonly string[],
): Promise<Account> {
  const jobs = readAll<{ id: number; mapping_id: string; status: string; batch_id: string | null }>(
    join(dataDir, 'campaign', 'campaign.db'),
    'SELECT id, mapping_id, status, batch_id FROM job',
  );
  const batches = readAll<{ id: string }>(
    join(dataDir, 'platform', 'platform.db'),
    `SELECT id FROM batches WHERE status = 'success'`,
  );
  const records = await readBatches(dataDir);
  const sent = count(
    batches.flatMap(({ id }) => (records[id] as SentRecord[] | undefined)?.map(toVersion) ?? []),
  );
  const succeeded = jobs.filter(({ status }) => status === 'Success');
  const rejects = await Promise.all(succeeded.map(({ id }) => readRejects(dataDir, id)));
  const rejected = count(rejects.flat());
  const taken = new Set(succeeded.map(({ batch_id: batchId }) => batchId));

  const violations = [
    ...rows.flatMap((row) => faultsOf(row, sent, rejected)),
    ...[...sent].flatMap(([version, times]) =>
      times > 1 ? [`${version} was sent ${times} times`] : [],
    ),
    ...batches.flatMap(({ id }) =>
      taken.has(id) ? [] : [`batch ${id} was accepted, and its job says otherwise`],
    ),
    ...mappingIds.flatMap((id) =>
      succeeded.some((job) => job.mapping_id === id) ? [] : [`${id} has never succeeded`],
    ),
  ];
  return {
    jobs: jobs.length,
    batches: batches.length,
    sent: sent.size,
    rejected: rejected.size,
    violations,
  };
}

function faultsOf(
  { name, version, fate }: SourceRow,
  sent: ReadonlyMap<string, number>,
  rejected: ReadonlyMap<string, number>,
): string[] {
  const timesRejected = rejected.get(name) ?? 0;
  switch (fate) {
    case 'sent':
      if (timesRejected > 0) return [`${name} was rejected`];
      return sent.has(version) ? [] : [`${version} is lost`];
    case 'rejected':
      if (sent.has(version)) return [`${version} was sent`];
      return timesRejected === 1 ? [] : [`${name} was rejected ${timesRejected} times`];
    case 'refused by Platform':
      return timesRejected === 1 ? [] : [`${name}, refused, was told ${timesRejected} times`];
  }
}

function toVersion({ _id, person }: SentRecord): string {
  return `${_id} ${person?.name?.firstName ?? ''}`;
}

/** The names of what a job rejected. */
async function readRejects(dataDir: string, jobId: number): Promise<string[]> {
  const path = join(dataDir, 'campaign', 'rejects', `job-${jobId}.ndjson`);
  const text = await readFile(path, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const { key, record } = JSON.parse(line);
      return String(key ?? record);
    });
}

function count(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function readAll<T>(path: string, sql: string): T[] {
  using database = new DatabaseSync(path, { readOnly: true });
  return database.prepare(sql).all() as T[];
}
