import { type InsertObject, type Kysely, sql, type Transaction } from 'kysely';
import {
  CommitUncertainError,
  LogUnavailableError,
  StartForgottenError,
  StartNotSentError,
} from '../../ingestion/gateway-error.js';
import { toRequestKey } from '../../ingestion/ingestion-request.js';
import type { BegunStart, Clock, StartLog } from '../../ingestion/ports.js';
import {
  isUnanswered,
  lostAnswer,
  type NewStart,
  START_KEPT_MS,
  type StartIntent,
  toBeginning,
} from '../../ingestion/start-intent.js';
import { readHead } from './ingestion-log.meta.js';
import type { LogTables } from './ingestion-log.schema.js';
import { toKeyPages } from './key-pages.js';
import { createLogClock } from './log-clock.js';
import type { LogDatabase, WriteResult } from './log-database.js';
import { findNamed, resolveFromMapping } from './start-log.requests.js';
import {
  changeState,
  findRow,
  freeKey,
  replaceSent,
  replaceState,
  toStartIntent,
  toStartRow,
  toTakenKey,
} from './start-log.rows.js';

/** How much longer than its call the answer to a start may take to get into the log, in ms. */
const ANSWER_GRACE_MS = 5_000;

/** The longest that the answer to any start may take, whatever the settings of the process that sent it, in ms. */
const MAX_ANSWER_MS = 600_000 + ANSWER_GRACE_MS;

/** The longest time that a retry can be postponed, in ms. */
const MAX_PAUSE_MS = 3_600_000;

/** How much too early a retry may be sent, in ms, because two clocks measured the same time. */
const MAX_EARLY_MS = 1_000;

/**
 * Open the log of starts, in the same database as the transitions.
 *
 * The log's clock decides what is due. A due time further ahead than any can be was written before that clock was set
 * back, and counts as due. Nobody else can receive an answer for a SQLite file, so all answers are due once it is
 * opened.
 *
 * @param timeoutMs - how long a call that sends a start may take
 * @throws {LogUnavailableError}
 * @see docs/adr/0033-answers-are-due.md
 */
export async function openStartLog(
  database: Pick<LogDatabase, 'db' | 'kind' | 'guard' | 'commit'>,
  clock: Clock,
  timeoutMs: number,
): Promise<StartLog> {
  const { db, kind, guard, commit } = database;
  const { now } = createLogClock(database, clock);
  const after = (ms: number) => sql<number>`${now()} + ${ms}`;
  const isDue = (longestMs: number) =>
    sql<boolean>`(due_at is null or due_at <= ${now()} or due_at > ${after(longestMs)})`;
  /** Phrased like the partial index of the few rows in progress. Otherwise SQLite would read all rows. */
  const isUnderWay = (state: 'waiting' | 'sent') =>
    sql<boolean>`(state in ('waiting', 'sent') and state = ${state})`;
  const toSending = async (transaction: Transaction<LogTables>, sentBy: string) => ({
    sentBy,
    sentAfter: await readHead(transaction),
    dueAt: after(timeoutMs + ANSWER_GRACE_MS),
  });
  const write = <T>(run: (transaction: Transaction<LogTables>) => Promise<T>): Promise<T> =>
    commit(async (transaction) => ({ value: await run(transaction), hasChanged: true }));
  const overdue = (on: Kysely<LogTables>) =>
    on
      .selectFrom('starts')
      .selectAll()
      .where(isUnderWay('sent'))
      .where(isDue(MAX_ANSWER_MS))
      .orderBy('intent_id');

  if (kind === 'sqlite') {
    await guard(() =>
      db.updateTable('starts').set({ due_at: null }).where(isUnderWay('sent')).execute(),
    );
  }

  return {
    async begin(start, sending) {
      const tries: BegunStart[] = [];
      try {
        return await commit(async (transaction) => {
          const toRow = async (intent: Omit<StartIntent, 'intentId'>) =>
            toStartRow(intent, await toSending(transaction, sending));
          const written = await begin(transaction, start, toRow);
          tries.push(written.value);
          return written;
        });
      } catch (error) {
        if (!(error instanceof LogUnavailableError)) throw error;
        const message =
          'The start cannot be written to the log now, so nothing was sent to the upstream. Try again later.';
        const last = tries.at(-1);
        throw error instanceof CommitUncertainError && last?.kind === 'begun'
          ? new StartNotSentError(message, last.intent.intentId, { cause: error })
          : new LogUnavailableError(message, { cause: error });
      }
    },
    settle: (intentId, state) =>
      write((transaction) =>
        changeState(transaction, intentId, (intent) =>
          (state.kind === 'abandoned' ? intent.state.kind === 'waiting' : isUnanswered(intent))
            ? state
            : null,
        ),
      ),
    withdraw: (intentId, sending) =>
      write(async (transaction) => {
        await transaction
          .deleteFrom('starts')
          .where('intent_id', '=', intentId)
          .where('sent_by', '=', sending)
          .where('retry_of', 'is', null)
          .execute();
        await changeState(transaction, intentId, (_intent, row) =>
          row.sent_by === sending ? { kind: 'waiting' } : null,
        );
      }),
    statusBefore: (intentId, ref) =>
      guard(async () => {
        const newest = await db
          .selectFrom('starts')
          .innerJoin('transitions', (join) =>
            join
              .on('transitions.request_key', '=', toRequestKey(ref))
              .onRef('transitions.position', '<=', 'starts.sent_after'),
          )
          .select('transitions.to_status')
          .where('starts.intent_id', '=', intentId)
          .orderBy('transitions.position', 'desc')
          .limit(1)
          .executeTakeFirst();
        return newest?.to_status ?? null;
      }),
    resolveUnknown: (intentId, running, now) =>
      commit(async (transaction) => {
        const intent = await findStart(transaction, intentId);
        if (intent.state.kind !== 'unknown') return { value: intent, hasChanged: false };
        await resolveFromMapping(transaction, intent, running, now);
        return { value: await findStart(transaction, intentId), hasChanged: true };
      }),
    async settleOverdue(settledAt) {
      const first = await guard(() => overdue(db).limit(1).executeTakeFirst());
      if (!first) return [];
      return write(async (transaction) => {
        const settled: StartIntent[] = [];
        for (const row of await overdue(transaction).execute()) {
          const unknown = await replaceState(transaction, row, {
            kind: 'unknown',
            ...lostAnswer,
            settledAt,
          });
          settled.push(toStartIntent(unknown));
        }
        return settled;
      });
    },
    answerDueInMs: (intentId) =>
      guard(async () => {
        const row = await db
          .selectFrom('starts')
          .select(
            sql<number>`case when ${isDue(MAX_ANSWER_MS)} then 0 else due_at - ${now()} end`.as(
              'left_ms',
            ),
          )
          .where('intent_id', '=', intentId)
          .where('state', '=', 'sent')
          .executeTakeFirst();
        return row ? Math.ceil(row.left_ms) : null;
      }),
    waitingRetries: (newerThan, withinMs) =>
      guard(async () => {
        const rows = await db
          .selectFrom('starts')
          .selectAll()
          .select(
            sql<number | null>`case when due_at is null then null
              when ${isDue(MAX_PAUSE_MS)} then 0 else due_at - ${now()} end`.as('due_in_ms'),
          )
          .where(isUnderWay('waiting'))
          .where(({ or, eb }) =>
            or([
              eb('intent_id', '>', newerThan),
              sql<boolean>`due_at <= ${after(withinMs)}`,
              sql<boolean>`due_at > ${after(MAX_PAUSE_MS)}`,
            ]),
          )
          .orderBy('intent_id')
          .execute();
        return rows.map(({ due_in_ms, ...row }) => ({
          intent: toStartIntent(row),
          dueInMs: due_in_ms === null ? null : Math.ceil(due_in_ms),
        }));
      }),
    async postpone(intentId, pauseMs) {
      await write((transaction) =>
        transaction
          .updateTable('starts')
          .set({ due_at: after(Math.min(pauseMs, MAX_PAUSE_MS)) })
          .where('intent_id', '=', intentId)
          .where('state', '=', 'waiting')
          .execute(),
      );
    },
    markSent: (intentId, sending, sentAt) =>
      write(async (transaction) => {
        const row = await transaction
          .selectFrom('starts')
          .selectAll()
          .where('intent_id', '=', intentId)
          .where('state', '=', 'waiting')
          .where(({ or }) =>
            or([isDue(MAX_PAUSE_MS), sql<boolean>`due_at <= ${after(MAX_EARLY_MS)}`]),
          )
          .executeTakeFirst();
        if (!row) return false;
        await replaceSent(transaction, row, sentAt, await toSending(transaction, sending));
        return true;
      }),
    lineages: (refs) =>
      guard(async () => {
        const keys = refs.map(toRequestKey);
        const named = await findNamed(db, keys);
        const retryByKey = new Map<string | null, StartIntent>();
        for (const page of toKeyPages(keys)) {
          const retries = await db
            .selectFrom('starts')
            .selectAll()
            .where('retry_of', 'in', page)
            .execute();
          for (const row of retries) retryByKey.set(row.retry_of, toStartIntent(row));
        }
        return keys.map((key) => {
          const retry = retryByKey.get(key);
          const retriedBy = retry && 'ref' in retry.state ? retry.state.ref : null;
          return { ...toBeginning(named.get(key) ?? []), retriedBy };
        });
      }),
    prune: (before, limit) =>
      write(async (transaction) => {
        const rows = await transaction
          .selectFrom('starts')
          .select('intent_id')
          .where('request_key', 'is', null)
          .where('retry_of', 'is', null)
          .where('created_at', '<', before)
          .where('state', '<>', 'sent')
          .orderBy('created_at')
          .limit(limit)
          .execute();
        const ids = rows.map(({ intent_id }) => intent_id);
        if (ids.length === 0) return 0;
        await transaction.deleteFrom('starts').where('intent_id', 'in', ids).execute();
        return ids.length;
      }),
  };
}

async function begin(
  transaction: Transaction<LogTables>,
  start: NewStart,
  toRow: (intent: Omit<StartIntent, 'intentId'>) => Promise<InsertObject<LogTables, 'starts'>>,
): Promise<WriteResult<BegunStart>> {
  const takenKey = toTakenKey(start);
  if (takenKey !== null) {
    const row = await transaction
      .selectFrom('starts')
      .selectAll()
      .where('taken_key', '=', takenKey)
      .executeTakeFirst();
    const known = row && toStartIntent(row);
    if (known && known.createdAt > start.createdAt - START_KEPT_MS) {
      return { value: { kind: 'known', intent: known }, hasChanged: false };
    }
    if (row) await freeKey(transaction, row);
  }
  const intent: Omit<StartIntent, 'intentId'> = {
    ...start,
    attempt: 1,
    retryOf: null,
    sentAt: start.createdAt,
    state: { kind: 'sent' },
  };
  const { intent_id: intentId } = await transaction
    .insertInto('starts')
    .values(await toRow(intent))
    .returning('intent_id')
    .executeTakeFirstOrThrow();
  return { value: { kind: 'begun', intent: { ...intent, intentId } }, hasChanged: true };
}

async function findStart(
  transaction: Transaction<LogTables>,
  intentId: number,
): Promise<StartIntent> {
  const row = await findRow(transaction, intentId);
  if (!row) throw new StartForgottenError(`The log no longer has the start ${intentId}.`);
  return toStartIntent(row);
}
