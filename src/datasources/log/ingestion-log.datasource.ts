import DataLoader from 'dataloader';
import {
  type Expression,
  type Kysely,
  type RawBuilder,
  type Selectable,
  type SqlBool,
  sql,
  type Transaction,
} from 'kysely';
import type { MappingScope } from '../../ingestion/caller.js';
import { CursorInvalidError, LogDamagedError } from '../../ingestion/gateway-error.js';
import {
  type IngestionRecord,
  terminalStatuses,
  toRequestKey,
} from '../../ingestion/ingestion-request.js';
import type { ActivityScope, Clock, IngestionLog, LogState, Scope } from '../../ingestion/ports.js';
import {
  applyObservation,
  isSameTransition,
  type Observation,
  type ObservationResult,
  type Position,
  type Transition,
} from '../../ingestion/transition.js';
import { systemClock } from '../../process/system-clock.js';
import { createCursorCodec } from './cursor-codec.js';
import { readHead, readPrunedPosition } from './ingestion-log.meta.js';
import { pruneRequests } from './ingestion-log.prune.js';
import {
  toIngestionRecord,
  toRequestRow,
  toTransition,
  toTransitionRow,
} from './ingestion-log.rows.js';
import type { LogTables, RequestRow } from './ingestion-log.schema.js';
import { toKeyPages } from './key-pages.js';
import type { LogDatabase, LogDatabaseKind, WriteResult } from './log-database.js';
import { createLogTail, type LogTail } from './log-tail.js';
import { Recent, UNANNOUNCED_CACHE_MS } from './recent.js';
import { claimRetries, settleNamed } from './start-log.requests.js';

/** The maximum number of observations in one commit, so that the next batch does not wait for longer. */
const MAX_BATCH_ITEMS = 200;

/** The log in a database. */
export interface DurableIngestionLog extends IngestionLog {
  /** Also closes the database. */
  close(): Promise<void>;
}

/** An observation that is not in the log yet. */
interface Pending extends PromiseWithResolvers<ObservationResult> {
  readonly observation: Observation;
}

/**
 * The durable log: SQL in a SQLite file or a PostgreSQL database.
 *
 * Observations that arrive during a commit share the next one. A transition is on disk before anyone hears of it, and
 * listeners hear of transitions in the log's order.
 */
export async function createIngestionLog(
  database: LogDatabase,
  clock: Pick<Clock, 'monotonicMs'> = systemClock,
): Promise<DurableIngestionLog> {
  const { db, guard } = database;
  const isShared = database.kind === 'postgres';
  const records = new Recent<IngestionRecord>(clock, isShared);
  let state: LogState = {};
  let stateAtMs = Number.NEGATIVE_INFINITY;
  const codec = createCursorCodec(database.cursorKey);
  const listeners: ((transition: Transition) => void)[] = [];
  let pending: Pending[] = [];
  let flushing: Promise<void> | null = null;
  const tail = createLogTail({
    ...(await guard(() => readEnd(db))),
    guard,
    read: (after, limit) => readRows({ kind: 'all' }, after, limit),
    prunedPosition: () => readPrunedPosition(db),
    announce: (transition) => {
      // A listener that reads the request now must not find anything older.
      forget([toRequestKey(transition.ref)]);
      for (const listener of listeners) listener(transition);
    },
  });
  database.onGrown((head) => void tail.catchUp(head));

  function forget(keys: readonly string[]): void {
    state = {};
    stateAtMs = clock.monotonicMs();
    for (const key of keys) records.forget(key);
  }

  /** Commits pending observations, one batch per commit, until there are none. */
  async function flush(): Promise<void> {
    // Observations of this turn of the event loop go together.
    await Promise.resolve();
    while (pending.length > 0) {
      const batch = pending.slice(0, MAX_BATCH_ITEMS);
      pending = pending.slice(MAX_BATCH_ITEMS);
      await commit(batch);
    }
    flushing = null;
  }

  async function commit(batch: readonly Pending[]): Promise<void> {
    let applied: readonly ObservationResult[];
    try {
      applied = (await applyUnchanged(batch)) ?? (await commitChanges(batch));
    } catch (error) {
      for (const { reject } of batch) reject(error);
      return;
    }
    const transitions = applied.flatMap((a) => (a.kind === 'transition' ? [a.transition] : []));
    await tail.append(transitions);
    for (const [index, { resolve }] of batch.entries()) {
      const result = applied[index];
      if (result) resolve(result);
    }
  }

  /** Also for changes without a transition, such as the time of a start, and if the outcome of the commit is unknown. */
  async function commitChanges(batch: readonly Pending[]): Promise<readonly ObservationResult[]> {
    try {
      return await database.commit((transaction) => write(transaction, batch, tail));
    } finally {
      forget(toKeys(batch));
    }
  }

  /** What is not in memory. All that is asked for in one turn of the event loop, by whomever, is read at once. */
  const reading = new DataLoader<string, IngestionRecord | null>(
    async (keys) => {
      const found = await records.read(keys, (missing) => guard(() => findByKey(db, missing)));
      return keys.map((key) => found.get(key) ?? null);
    },
    { cache: false, maxBatchSize: MAX_BATCH_ITEMS, batchScheduleFn: setImmediate },
  );

  /**
   * The result of a batch that changes nothing, or null if it may change something. Most polls change nothing, and
   * need no turn at writing.
   */
  async function applyUnchanged(
    batch: readonly Pending[],
  ): Promise<readonly ObservationResult[] | null> {
    if (batch.some(({ observation }) => observation.answers)) return null;
    const known = await guard(() => findByKey(db, toKeys(batch)));
    const applied: ObservationResult[] = [];
    for (const { observation } of batch) {
      const record = known.get(toRequestKey(observation.ref));
      if (!record) return null;
      const result = applyObservation(record, observation, 0);
      if (result.kind === 'transition' || result.record.startedAt !== record.startedAt) return null;
      applied.push(result);
    }
    return applied;
  }

  async function readRows(
    scope: Scope,
    after: Position,
    limit: number,
  ): Promise<readonly Transition[]> {
    const query = db
      .selectFrom('transitions')
      .selectAll()
      .where('position', '>', after)
      .orderBy('position')
      .limit(limit);
    const scoped =
      scope.kind === 'request'
        ? query.where('request_key', '=', toRequestKey(scope.ref))
        : query.where(isOfActivity(scope, database.kind));
    return (await scoped.execute()).map(toTransition);
  }

  return {
    append(observation) {
      const item = { ...Promise.withResolvers<ObservationResult>(), observation };
      pending.push(item);
      flushing ??= flush();
      return item.promise;
    },
    find: (refs) =>
      Promise.all(refs.map(toRequestKey).map((key) => records.get(key) ?? reading.load(key))),
    recall: (ref) => records.get(toRequestKey(ref)) ?? null,
    state() {
      const nowMs = clock.monotonicMs();
      if (isShared && nowMs - stateAtMs >= UNANNOUNCED_CACHE_MS) {
        state = {};
        stateAtMs = nowMs;
      }
      return state;
    },
    pastRuns: (mappingId, limit) => guard(() => readPastRuns(db, mappingId, limit)),
    mappings: (scope, after, limit) =>
      guard(async () => {
        const { rows } = await sql<{ mapping_id: string }>`
          select mapping_id from (${knownMappings}) as known
          where ${isOfMappings(scope, database.kind)}
            and ${after === null ? sql.lit(true) : sql`mapping_id > ${after}`}
          order by mapping_id limit ${limit}`.execute(db);
        return rows.map(({ mapping_id }) => mapping_id);
      }),
    read: (scope, after, limit) => guard(() => readRows(scope, after, limit)),
    async list(filter, before, limit) {
      const {
        mappings = { kind: 'all' },
        statuses,
        observedAfter,
        observedBefore,
        startedBy,
      } = filter;
      // SQL has no empty list.
      const query = db
        .selectFrom('requests')
        .selectAll()
        .where(isOfMappings(mappings, database.kind))
        // Without repeats: there are few statuses, but a caller may name them as often as it likes.
        .$if(statuses !== undefined, (q) => q.where('status', 'in', [...new Set(statuses)]))
        .$if(observedAfter !== undefined, (q) =>
          q.where('first_observed_at', '>=', observedAfter ?? 0),
        )
        .$if(observedBefore !== undefined, (q) =>
          q.where('first_observed_at', '<', observedBefore ?? 0),
        )
        .$if(startedBy !== undefined, (q) => q.where(wasStartedBy(startedBy ?? '', 'requests')))
        .$if(before !== null, (q) => q.where('first_position', '<', before ?? 0))
        .orderBy('first_position', 'desc')
        .limit(limit);
      return guard(async () => (await query.execute()).map(toIngestionRecord));
    },
    async head() {
      return tail.announcedPosition;
    },
    newest: (scope) => guard(() => readNewest(db, scope, database.kind)),
    toCursor: codec.toCursor,
    async parseCursor(cursor) {
      const position = codec.parseCursor(cursor);
      // Another process may have created it, from a transition that was not announced here yet.
      if (position > tail.announcedPosition && position > (await guard(() => readHead(db)))) {
        throw new CursorInvalidError('This cursor points past the end of the log.');
      }
      return position;
    },
    async prune(unchangedSince, limit) {
      let count: number | null = null;
      try {
        count = await database.commit((t) => pruneRequests(t, unchangedSince, limit));
        return count;
      } finally {
        if (count !== 0) {
          forget([]);
          records.forgetAll();
        }
      }
    },
    prunedPosition: () => guard(() => readPrunedPosition(db)),
    onAppended(listener) {
      listeners.push(listener);
    },
    async close() {
      await flushing;
      await tail.close();
      await database.close();
    },
  };
}

/** The condition that a transition belongs to this scope. */
function isOfActivity(scope: ActivityScope, kind: LogDatabaseKind): Expression<SqlBool> {
  const { statuses, startedBy } = scope;
  const conditions = [
    isOfMappings(scope, kind),
    ...(statuses ? [sql<SqlBool>`to_status in (${sql.join([...new Set(statuses)])})`] : []),
    ...(startedBy === undefined ? [] : [wasStartedBy(startedBy, 'transitions')]),
  ];
  return sql<SqlBool>`(${sql.join(conditions, sql` and `)})`;
}

/** The condition that a row belongs to a request that this caller started. */
function wasStartedBy(caller: string, table: 'requests' | 'transitions'): Expression<SqlBool> {
  return sql<SqlBool>`exists (
    select 1 from starts
    where starts.request_key = ${sql.ref(`${table}.request_key`)}
      and starts.state = 'submitted' and starts.caller = ${caller}
  )`;
}

/** The condition that a row belongs to these mappings, of which there may be any number. */
function isOfMappings(scope: MappingScope, kind: LogDatabaseKind): Expression<SqlBool> {
  if (scope.kind === 'all') return sql.lit(true);
  const { mappingIds, mappingPrefixes = [] } = scope;
  const conditions = [
    ...(mappingIds.length > 0 ? [isAnyOf(mappingIds, kind)] : []),
    ...(mappingPrefixes.length > 0
      ? [sql`mapping_id in (${mappingsWithPrefixes(mappingPrefixes, kind)})`]
      : []),
  ];
  return conditions.length === 0
    ? sql.lit(false)
    : sql<SqlBool>`(${sql.join(conditions, sql` or `)})`;
}

function isAnyOf(mappingIds: readonly string[], kind: LogDatabaseKind): Expression<SqlBool> {
  return kind === 'sqlite'
    ? sql`mapping_id in (select value from ${listOf(mappingIds, kind)})`
    : sql`mapping_id = any(${mappingIds}::text[])`;
}

/**
 * A table of texts, in a column `value`. It needs one parameter for any number of texts: both databases limit
 * parameters, and SQLite the depth of conditions.
 */
function listOf(texts: readonly string[], kind: LogDatabaseKind): RawBuilder<unknown> {
  return kind === 'sqlite'
    ? sql`json_each(${JSON.stringify(texts)})`
    : sql`unnest(${texts}::text[]) as listed (value)`;
}

/** The mappings in the log. There are few, and each is found by one step in the index. */
const knownMappings = sql`
  with recursive seen(mapping_id) as (
    select min(mapping_id) from requests
    union all
    select (select min(r.mapping_id) from requests r where r.mapping_id > seen.mapping_id)
    from seen where seen.mapping_id is not null
  )
  select mapping_id from seen where mapping_id is not null`;

/**
 * The mappings in the log whose ids have these prefixes. A condition on the rows would have to look at each row.
 *
 * Prefixes are compared literally: LIKE has the wildcards `_` and `%`, and a range of texts depends on the database's
 * collation.
 */
function mappingsWithPrefixes(
  prefixes: readonly string[],
  kind: LogDatabaseKind,
): RawBuilder<unknown> {
  return sql`select mapping_id from (${knownMappings}) as known where exists (
      select 1 from ${listOf(prefixes, kind)} where substr(mapping_id, 1, length(value)) = value
    )`;
}

/** The end of the log, and the transition there; null if that was forgotten. */
async function readEnd(
  db: Kysely<LogTables>,
): Promise<{ readonly head: Position; readonly newest: Transition | null }> {
  const row = await db
    .selectFrom('transitions')
    .selectAll()
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst();
  const newest = row ? toTransition(row) : null;
  const prunedPosition = await readPrunedPosition(db);
  if (newest && newest.position >= prunedPosition) return { head: newest.position, newest };
  return { head: prunedPosition, newest: null };
}

/**
 * The newest position of these mappings; 0 if there is none. It takes one step in the index for each mapping. Ordered
 * by position, the log would be searched backwards for a mapping that has been quiet for long.
 */
async function readNewest(
  db: Kysely<LogTables>,
  scope: MappingScope,
  kind: LogDatabaseKind,
): Promise<Position> {
  if (scope.kind === 'all') {
    const { newest } = await db
      .selectFrom('transitions')
      .select(({ fn }) => fn.max('position').as('newest'))
      .executeTakeFirstOrThrow();
    return newest ?? 0;
  }
  const { mappingIds, mappingPrefixes = [] } = scope;
  const wanted = [
    ...(mappingIds.length > 0
      ? [sql`select value as mapping_id from ${listOf(mappingIds, kind)}`]
      : []),
    ...(mappingPrefixes.length > 0 ? [mappingsWithPrefixes(mappingPrefixes, kind)] : []),
  ];
  if (wanted.length === 0) return 0;
  const { rows } = await sql<{ newest: Position | null }>`
    select max((select max(position) from transitions where mapping_id = wanted.mapping_id)) as newest
    from (${sql.join(wanted, sql` union all `)}) as wanted
  `.execute(db);
  return rows[0]?.newest ?? 0;
}

/**
 * How long the last runs took. It takes one step in an index for each terminal status, or for the mapping, because
 * there may be any number of running requests.
 */
async function readPastRuns(
  db: Kysely<LogTables>,
  mappingId: string | null,
  limit: number,
): Promise<readonly number[]> {
  const runs = db
    .selectFrom('requests')
    .select(({ eb, fn }) => [
      'first_position',
      eb('changed_at', '-', fn.coalesce('started_at', 'first_observed_at')).as('duration_ms'),
    ])
    .whereRef('changed_at', '>', ({ fn }) => fn.coalesce('started_at', 'first_observed_at'))
    .orderBy('first_position', 'desc')
    .limit(limit);
  const found =
    mappingId === null
      ? await Promise.all(
          terminalStatuses.map((status) => runs.where('status', '=', status).execute()),
        )
      : [
          await runs
            .where('mapping_id', '=', mappingId)
            .where('status', 'in', terminalStatuses)
            .execute(),
        ];
  return found
    .flat()
    .sort((a, b) => b.first_position - a.first_position)
    .slice(0, limit)
    .map(({ duration_ms }) => Number(duration_ms));
}

/** One batch, inside its transaction. */
async function write(
  transaction: Transaction<LogTables>,
  batch: readonly Pending[],
  told: Pick<LogTail, 'announcedPosition' | 'newest'>,
): Promise<WriteResult<readonly ObservationResult[]>> {
  const { head, newest } = await readEnd(transaction);
  // A database that took over without the last commits of its predecessor, or that was restored to an older state. If
  // it has grown since, the tail finds that.
  if (head < told.announcedPosition)
    throw new LogDamagedError(`It ends at ${head}, but had reached ${told.announcedPosition}.`);
  const isOther =
    newest && newest.position === told.newest?.position && !isSameTransition(newest, told.newest);
  if (isOther) throw new LogDamagedError(`It no longer has what it had at ${head}.`);
  const records = await findByKey(transaction, toKeys(batch));
  const changed = new Map<string, IngestionRecord>();
  const transitions: Transition[] = [];
  const aborted = new Map<string, IngestionRecord>();
  const applied: ObservationResult[] = [];
  for (const { observation } of batch) {
    const key = toRequestKey(observation.ref);
    const known = records.get(key) ?? null;
    const startedAt = observation.answers
      ? await settleNamed(transaction, observation, observation.answers, known)
      : observation.startedAt;
    const result = applyObservation(
      known,
      { ...observation, startedAt },
      head + transitions.length + 1,
    );
    if (result.kind === 'transition') transitions.push(result.transition);
    if (result.kind === 'transition' || result.record.startedAt !== known?.startedAt) {
      changed.set(key, result.record);
    }
    records.set(key, result.record);
    applied.push(result);
    // Of the end and the answer that names the request, the second one finds the first.
    const mayBeRetried = result.kind === 'transition' || observation.answers !== undefined;
    if (mayBeRetried && result.record.state.status === 'ABORTED') aborted.set(key, result.record);
  }
  if (transitions.length > 0) {
    await transaction.insertInto('transitions').values(transitions.map(toTransitionRow)).execute();
  }
  if (changed.size > 0) {
    await transaction
      .insertInto('requests')
      .values([...changed.values()].map(toRequestRow))
      .onConflict((conflict) =>
        conflict.column('request_key').doUpdateSet((excluded) => ({
          status: excluded.ref('excluded.status'),
          info: excluded.ref('excluded.info'),
          batch_id: excluded.ref('excluded.batch_id'),
          num_records: excluded.ref('excluded.num_records'),
          started_at: excluded.ref('excluded.started_at'),
          changed_at: excluded.ref('excluded.changed_at'),
          checksum: excluded.ref('excluded.checksum'),
        })),
      )
      .execute();
  }
  const now = Math.max(...batch.map(({ observation }) => observation.observedAt));
  await claimRetries(transaction, [...aborted.values()], now);
  const hasAnswers = batch.some(({ observation }) => observation.answers !== undefined);
  return {
    value: applied,
    hasChanged: changed.size > 0 || hasAnswers,
    ...(transitions.length > 0 && { head: head + transitions.length }),
  };
}

function toKeys(batch: readonly Pending[]): string[] {
  return [...new Set(batch.map(({ observation }) => toRequestKey(observation.ref)))];
}

async function findByKey(
  db: Kysely<LogTables>,
  keys: readonly string[],
): Promise<Map<string, IngestionRecord>> {
  const rows: Selectable<RequestRow>[] = [];
  for (const page of toKeyPages(keys)) {
    rows.push(
      ...(await db.selectFrom('requests').selectAll().where('request_key', 'in', page).execute()),
    );
  }
  return new Map(rows.map((row) => [row.request_key, toIngestionRecord(row)]));
}
