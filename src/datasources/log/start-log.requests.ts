import type { Kysely, Transaction } from 'kysely';
import {
  type IngestionRecord,
  type RequestRef,
  toRequestKey,
} from '../../ingestion/ingestion-request.js';
import {
  isUnanswered,
  type SeenRunning,
  START_KEPT_MS,
  type StartAnswer,
  type StartIntent,
  toAdoption,
  toRetry,
} from '../../ingestion/start-intent.js';
import type { Observation } from '../../ingestion/transition.js';
import { toIngestionRecord, toRequestRow } from './ingestion-log.rows.js';
import type { LogTables } from './ingestion-log.schema.js';
import { toKeyPages } from './key-pages.js';
import { changeState, toStartIntent, toStartRow } from './start-log.rows.js';

/** How many requests of a mapping to consider for one start. */
const MAX_CANDIDATES = 100;

/** A request that was seen running, and its name. */
interface RunningRequest extends SeenRunning {
  readonly ref: RequestRef;
  /** The upstream's text in which it was seen. */
  readonly message: string;
}

/**
 * Settle the start that an observation answers. If the answer is that the mapping is already in progress, it may also
 * settle starts of unknown outcome.
 *
 * @param known - what the log has about the named request
 * @returns when the request was started through this gateway, if it was
 */
export async function settleNamed(
  transaction: Transaction<LogTables>,
  { ref, observedAt }: Observation,
  { intentId, kind, message }: StartAnswer,
  known: IngestionRecord | null,
): Promise<number | undefined> {
  let sentAt: number | null = null;
  await changeState(transaction, intentId, (intent) => {
    ({ sentAt } = intent);
    return isUnanswered(intent) ? { kind, ref, message, settledAt: observedAt } : null;
  });
  if (kind === 'submitted') return sentAt ?? undefined;
  const startedAt = known?.startedAt ?? null;
  // The answer may have been delayed: nothing says that the request still ran after the question was asked.
  const askedAt = sentAt ?? observedAt;
  const running = {
    ref,
    message,
    since: Math.min(startedAt ?? askedAt, known?.firstObservedAt ?? askedAt, askedAt),
    until: askedAt,
    isStartedHere: startedAt !== null,
  };
  const adoptedAt = await adopt(transaction, running, observedAt);
  return adoptedAt ?? undefined;
}

/**
 * Settle the starts of unknown outcome that a running request of their mapping explains, oldest first. The later ones
 * arrived while the request that the first one began was running.
 *
 * @param now - in ms since the epoch; starts that are no longer kept are left alone
 * @returns when the request was started, if one of them began it
 */
async function adopt(
  transaction: Transaction<LogTables>,
  running: RunningRequest,
  now: number,
): Promise<number | null> {
  const ofMapping = await transaction
    .selectFrom('starts')
    .selectAll()
    .where('mapping_id', '=', running.ref.mappingId)
    .where('created_at', '>', now - START_KEPT_MS)
    .where('state', 'in', ['unknown', 'submitted'])
    .orderBy('intent_id')
    .execute();
  const intents = ofMapping.map(toStartIntent);
  let seen: RunningRequest = running;
  let startedAt: number | null = null;
  for (const intent of intents) {
    const kind = toAdoption(intent, seen, isAnotherBetween(intent, seen, intents));
    if (kind === null) continue;
    const { ref, message } = seen;
    await changeState(transaction, intent.intentId, () => ({
      kind,
      ref,
      message,
      settledAt: now,
    }));
    if (kind === 'submitted') {
      startedAt = intent.sentAt ?? intent.createdAt;
      seen = { ...seen, since: Math.min(seen.since, startedAt), isStartedHere: true };
    }
  }
  return startedAt;
}

function isAnotherBetween(
  { sentAt }: StartIntent,
  { ref, since }: RunningRequest,
  others: readonly StartIntent[],
): boolean {
  return others.some(
    ({ state }) =>
      state.kind === 'submitted' &&
      toRequestKey(state.ref) !== toRequestKey(ref) &&
      state.settledAt >= (sentAt ?? 0) &&
      state.settledAt <= since,
  );
}

/**
 * Compare a start with the requests of its mapping that were seen running, oldest first: those first seen since the
 * start, and those that are running now.
 */
export async function resolveFromMapping(
  transaction: Transaction<LogTables>,
  { mappingId, createdAt, sentAt }: StartIntent,
  running: readonly RequestRef[],
  now: number,
): Promise<void> {
  const runningKeys = new Set(running.map(toRequestKey));
  const rows = await transaction
    .selectFrom('requests')
    .innerJoin('transitions', (join) =>
      join
        .onRef('transitions.request_key', '=', 'requests.request_key')
        .on('transitions.from_status', 'is', null),
    )
    .selectAll('requests')
    .select(['transitions.info as first_info', 'transitions.to_status as first_status'])
    .where('requests.mapping_id', '=', mappingId)
    .where(({ or, eb }) =>
      or([
        eb('requests.request_key', 'in', [...runningKeys]),
        eb('requests.first_observed_at', '>=', sentAt ?? createdAt),
      ]),
    )
    .orderBy('requests.first_position')
    .limit(MAX_CANDIDATES)
    .execute();
  for (const { first_info, first_status, ...row } of rows) {
    const record = toIngestionRecord(row);
    const { ref, startedAt, firstObservedAt } = record;
    const isRunning = runningKeys.has(row.request_key);
    // A request that was already over when first seen may have ended before the start.
    if (!isRunning && first_status !== 'IN_PROGRESS') continue;
    const named = (await findNamed(transaction, [row.request_key])).get(row.request_key) ?? [];
    // If only an answer named the request, all that is known is that it ran when it was asked for or later.
    const askedAt = Math.max(...named.map(({ sentAt }) => sentAt ?? 0));
    const seenAt = named.length === 0 ? firstObservedAt : Math.min(firstObservedAt, askedAt);
    const seen = {
      ref,
      message: first_info,
      since: Math.min(startedAt ?? seenAt, seenAt),
      until: isRunning ? now : seenAt,
      isStartedHere: startedAt !== null,
    };
    const adoptedAt = await adopt(transaction, seen, now);
    const adopted = { ...record, startedAt: startedAt ?? adoptedAt };
    if (adopted.startedAt !== startedAt) {
      await transaction
        .updateTable('requests')
        .set(toRequestRow(adopted))
        .where('request_key', '=', row.request_key)
        .execute();
    }
    if (record.state.status === 'ABORTED') await claimRetries(transaction, [adopted], now);
  }
}

/** Record the retries that ABORTED requests are to have, unless they exist already. */
export async function claimRetries(
  transaction: Transaction<LogTables>,
  aborted: readonly IngestionRecord[],
  now: number,
): Promise<void> {
  const keys = aborted.map(({ ref }) => toRequestKey(ref));
  const named = await findNamed(transaction, keys);
  const retries = aborted.flatMap(
    (record) => toRetry(record, named.get(toRequestKey(record.ref)) ?? [], now) ?? [],
  );
  if (retries.length === 0) return;
  await transaction
    .insertInto('starts')
    .values(retries.map((retry) => toStartRow(retry, null)))
    .onConflict((conflict) => conflict.column('retry_of').doNothing())
    .execute();
}

/** The starts that led to each of these requests, oldest first. */
export async function findNamed(
  db: Kysely<LogTables>,
  keys: readonly string[],
): Promise<Map<string, StartIntent[]>> {
  const found = new Map<string, StartIntent[]>();
  for (const page of toKeyPages(keys)) {
    const rows = await db
      .selectFrom('starts')
      .selectAll()
      .where('request_key', 'in', page)
      .orderBy('intent_id')
      .execute();
    for (const row of rows) {
      const intents = found.get(row.request_key ?? '');
      if (intents) intents.push(toStartIntent(row));
      else found.set(row.request_key ?? '', [toStartIntent(row)]);
    }
  }
  return found;
}

/**
 * Forget the starts that led to requests that are being forgotten, and those requests' retries that led to none. A
 * start is kept while its key may still be repeated.
 *
 * @param before - in ms since the epoch: only those begun earlier
 */
export async function pruneStartsOf(
  transaction: Transaction<LogTables>,
  keys: readonly string[],
  before: number,
): Promise<void> {
  await transaction
    .deleteFrom('starts')
    .where('request_key', 'in', keys)
    .where('created_at', '<', before)
    .execute();
  await transaction
    .deleteFrom('starts')
    .where('retry_of', 'in', keys)
    .where('request_key', 'is', null)
    .where('state', 'not in', ['waiting', 'sent'])
    .execute();
}
