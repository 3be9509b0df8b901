import type { Selectable, Transaction } from 'kysely';
import {
  CommitUncertainError,
  LogUnavailableError,
  StartForgottenError,
  StartNotSentError,
} from '../../ingestion/gateway-error.js';
import { toRequestKey } from '../../ingestion/ingestion-request.js';
import type { Begun, StartLog } from '../../ingestion/ports.js';
import {
  isUnanswered,
  type NewStart,
  START_KEPT_MS,
  type StartIntent,
  toBeginning,
} from '../../ingestion/start-intent.js';
import { readHead } from './ingestion-log.meta.js';
import type { LogTables, StartRow } from './ingestion-log.schema.js';
import { toKeyPages } from './key-pages.js';
import type { LogDatabase, Written } from './log-database.js';
import { lookAtMapping } from './start-log.named.js';
import {
  asSent,
  toStartIntent,
  toStartRow,
  toTakenKey,
  type UnsentState,
  withoutKey,
  withState,
} from './start-log.rows.js';
import { changeState, findNamed, replaceRow } from './start-log.write.js';

/**
 * The log of starts, in the same database as the transitions that come of them.
 *
 * @param replicaId - names this process, and no other that ever uses the database
 */
export function createStartLog(
  { db, guard, commit }: Pick<LogDatabase, 'db' | 'guard' | 'commit'>,
  replicaId: string,
): StartLog {
  const write = <T>(run: (transaction: Transaction<LogTables>) => Promise<T>): Promise<T> =>
    commit(async (transaction) => ({ value: await run(transaction), hasChanged: true }));

  async function change(
    intentId: number,
    next: (intent: StartIntent) => UnsentState | null,
  ): Promise<void> {
    await write((transaction) => changeState(transaction, intentId, next));
  }

  return {
    async begin(start) {
      const tries: Begun[] = [];
      try {
        return await commit(async (transaction) => {
          const written = await begin(transaction, start, replicaId);
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
    async settle(intentId, state) {
      await change(intentId, (intent) =>
        (state.kind === 'abandoned' ? intent.state.kind === 'waiting' : isUnanswered(intent))
          ? state
          : null,
      );
    },
    async withdraw(intentId) {
      await write(async (transaction) => {
        const row = await findRow(transaction, intentId);
        // Since it was withdrawn another process may have sent it: that is not this one’s to take back.
        const isSentElsewhere = row?.state === 'sent' && row.sent_by !== replicaId;
        if (!isSentElsewhere) await takeBack(transaction, intentId);
      });
    },
    async callOff(intentId) {
      await write(async (transaction) => {
        const row = await findRow(transaction, intentId);
        const isSentHere = row?.state === 'sent' && row.sent_by === replicaId;
        if (isSentHere) await takeBack(transaction, intentId);
      });
    },
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
    lookInto: (intentId, running, now) =>
      commit(async (transaction) => {
        const intent = await findStart(transaction, intentId);
        if (intent.state.kind !== 'unknown') return { value: intent, hasChanged: false };
        await lookAtMapping(transaction, intent, running, now);
        return { value: await findStart(transaction, intentId), hasChanged: true };
      }),
    async settleInterrupted(now, findLiving) {
      const sent = await guard(() =>
        db.selectFrom('starts').select('sent_by').distinct().where('state', '=', 'sent').execute(),
      );
      if (sent.length === 0) return [];
      const living = new Set<string | null>(await findLiving());
      const gone = sent.filter(({ sent_by }) => !living.has(sent_by));
      if (gone.length === 0) return [];
      const goneIds = gone.flatMap(({ sent_by }) => sent_by ?? []);
      return write(async (transaction) => {
        const rows = await transaction
          .selectFrom('starts')
          .selectAll()
          .where('state', '=', 'sent')
          .where(({ or, eb }) => or([eb('sent_by', 'is', null), eb('sent_by', 'in', goneIds)]))
          .orderBy('intent_id')
          .execute();
        const interrupted = rows.map((row) =>
          withState(row, {
            kind: 'unknown',
            code: 'UPSTREAM_UNAVAILABLE',
            message: 'The gateway ended before the upstream’s answer came.',
            settledAt: now,
          }),
        );
        for (const row of interrupted) await replaceRow(transaction, row);
        return interrupted.map(toStartIntent);
      });
    },
    findSender: (intentId) =>
      guard(async () => {
        const row = await db
          .selectFrom('starts')
          .select('sent_by')
          .where('intent_id', '=', intentId)
          .executeTakeFirst();
        return row?.sent_by ?? null;
      }),
    waitingRetries: (after = 0) =>
      guard(async () => {
        const rows = await db
          .selectFrom('starts')
          .selectAll()
          .where('state', '=', 'waiting')
          .where('intent_id', '>', after)
          .orderBy('intent_id')
          .execute();
        return rows.map(toStartIntent);
      }),
    send: (intentId, now) =>
      write(async (transaction) => {
        const row = await transaction
          .selectFrom('starts')
          .selectAll()
          .where('intent_id', '=', intentId)
          .where('state', '=', 'waiting')
          .executeTakeFirst();
        if (!row) return false;
        const sentAfter = await readHead(transaction);
        await replaceRow(transaction, asSent(row, now, { sentBy: replicaId, sentAfter }));
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
  replicaId: string,
): Promise<Written<Begun>> {
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
    if (row) await replaceRow(transaction, withoutKey(row));
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
    .values(toStartRow(intent, { sentBy: replicaId, sentAfter: await readHead(transaction) }))
    .returning('intent_id')
    .executeTakeFirstOrThrow();
  return { value: { kind: 'begun', intent: { ...intent, intentId } }, hasChanged: true };
}

/** Forget a start that nothing came of; a retry waits again. */
async function takeBack(transaction: Transaction<LogTables>, intentId: number): Promise<void> {
  await transaction
    .deleteFrom('starts')
    .where('intent_id', '=', intentId)
    .where('state', 'in', ['sent', 'unknown'])
    .where('retry_of', 'is', null)
    .execute();
  await changeState(transaction, intentId, (intent) =>
    isUnanswered(intent) ? { kind: 'waiting' } : null,
  );
}

async function findStart(
  transaction: Transaction<LogTables>,
  intentId: number,
): Promise<StartIntent> {
  const row = await findRow(transaction, intentId);
  if (!row) throw new StartForgottenError(`The log has no start ${intentId} any more.`);
  return toStartIntent(row);
}

function findRow(
  transaction: Transaction<LogTables>,
  intentId: number,
): Promise<Selectable<StartRow> | undefined> {
  return transaction
    .selectFrom('starts')
    .selectAll()
    .where('intent_id', '=', intentId)
    .executeTakeFirst();
}
