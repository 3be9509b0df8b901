import { describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { createSharedCallBudget } from '../../../src/datasources/replicas/call-budget.shared.js';
import {
  type CallReservations,
  createCallReservations,
} from '../../../src/datasources/replicas/call-reservations.datasource.js';
import { type Deadline, startDeadline } from '../../../src/datasources/upstream/call-deadline.js';
import { LogUnavailableError } from '../../../src/ingestion/gateway-error.js';
import type { CallPurpose } from '../../../src/ingestion/ports.js';
import { createManualClock, settle } from '../../support/manual-clock.js';
import { createMemoryReservations } from '../../support/memory-reservations.js';
import { openReplicaDatabase } from '../../support/open-replica-database.js';
import {
  asking,
  failureOf,
  polling,
  releaseAfterEachTest,
  releaseAfterTest,
} from '../upstream/campaign-harness.js';

releaseAfterEachTest();

function setUp(maxRps: number, given?: Partial<CallReservations>) {
  const clock = createManualClock();
  const startedAt = clock.now();
  const { reservations, reserved } = createMemoryReservations(clock, maxRps);
  const create = () => createSharedCallBudget({ ...reservations, ...given }, clock, maxRps);
  const budgets = [create(), create()] as const;
  const deadlines: Deadline[] = [];
  releaseAfterTest(async () => {
    for (const deadline of deadlines) deadline.cancel('closing');
    for (const budget of budgets) budget.close();
  });
  const deadline = (timeoutMs = 30_000) => {
    const started = startDeadline(clock, timeoutMs);
    deadlines.push(started);
    return started;
  };
  const turns: [name: string, atMs: number][] = [];
  const ask = (name: string, purpose: CallPurpose = asking, which = budgets[0]) =>
    which.turn({ purpose }, deadline()).then(() => turns.push([name, clock.now() - startedAt]));
  return { clock, budgets, deadline, turns, ask, reserved };
}

describe('the call budget that replicas share', () => {
  it('gives a turn immediately after a pause, and all replicas together no more than the budget', async () => {
    const { clock, budgets, turns, ask } = setUp(10);
    const asked = [0, 1, 0, 1, 0].map((which, index) => ask(`${index}`, asking, budgets[which]));
    await settle();
    await clock.advance(1_000);
    await Promise.all(asked);
    const times = turns.map(([, atMs]) => atMs);
    expect(times).toEqual([0, 100, 200, 300, 400]);
  });

  it('reserves turns for all simultaneous polls in one statement, but not far ahead', async () => {
    const { clock, ask, reserved } = setUp(40);
    const asked = Array.from({ length: 25 }, (_, index) => ask(`${index}`, polling));
    await settle();
    await clock.advance(2_000);
    await Promise.all(asked);
    expect(reserved).toEqual([10, 10, 5]);
  });

  it('holds every replica when one is told to', async () => {
    const { clock, budgets, turns, ask } = setUp(100);
    budgets[0].hold(5_000);
    const asked = [ask('same', asking, budgets[0]), ask('other', asking, budgets[1])];
    await settle();
    await clock.advance(4_999);
    expect(turns).toEqual([]);
    await settle();
    await clock.advance(20);
    await Promise.all(asked);
    expect(turns).toHaveLength(2);
  });

  it('holds this replica even if the others cannot be told', async () => {
    const { clock, budgets, turns, ask } = setUp(100, {
      pause: () => Promise.reject(new LogUnavailableError('down')),
    });
    budgets[0].hold(5_000);
    const asked = ask('same');
    await settle();
    await clock.advance(4_999);
    expect(turns).toEqual([]);
    await settle();
    await clock.advance(1);
    await asked;
  });

  it('refuses a call whose turn comes after its deadline, and says when to ask again', async () => {
    const { budgets, deadline } = setUp(100);
    budgets[0].hold(5_000);
    const refused = await failureOf(budgets[0].turn({ purpose: asking }, deadline(4_999)));
    expect(refused).toMatchObject({ code: 'UPSTREAM_RATE_LIMITED', retryAfterMs: 5_000 });
    expect(refused.message).toContain('nothing was sent');
  });

  it('lets no call leave when the database does not answer', async () => {
    const { budgets, deadline } = setUp(100, {
      reserve: () => Promise.reject(new Error('gone')),
    });
    const failure = budgets[0].turn({ purpose: asking }, deadline());
    await expect(failure).rejects.toMatchObject({
      code: 'LOG_UNAVAILABLE',
      message:
        'The database with the budget of calls to the upstream does not respond, so nothing was sent. Try again later.',
    });
  });

  it('reports a database that never answers', async () => {
    const { clock, budgets, deadline } = setUp(100, { reserve: () => new Promise(() => {}) });
    const failure = expect(
      budgets[0].turn({ purpose: asking }, deadline(500)),
    ).rejects.toMatchObject({
      code: 'LOG_UNAVAILABLE',
    });
    await settle();
    await clock.advance(500);
    await failure;
  });

  it('uses no place whose time passed during a freeze', async () => {
    const { clock, budgets, turns, ask, reserved } = setUp(10);
    const asked = [ask('1'), ask('2'), ask('3')];
    await clock.advance(0);
    expect(turns).toEqual([['1', 0]]);
    // The process is frozen: its timers run late, while others use the time.
    const other = [ask('other', asking, budgets[1])];
    await settle();
    await clock.advance(2_000);
    await Promise.all([...asked, ...other]);
    const gaps = turns.slice(1).map(([, atMs], index) => atMs - (turns[index]?.[1] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(100);
    expect(reserved.length).toBeGreaterThan(2);
  });
});

describe('reservations in PostgreSQL', () => {
  it('give each place to one process, however many reserve concurrently', async () => {
    await using database = await openReplicaDatabase();
    const reservations = createCallReservations(database, 'u', 10);
    const counts = Array.from({ length: 20 }, (_, index) => (index % 3) + 1);
    await reservations.reserve(1);
    const { rows: before } = await sql<{
      at: Date;
    }>`select next_call_at as at from call_budget`.execute(database.db);
    await Promise.all(counts.map((count) => reservations.reserve(count)));
    const { rows: after } = await sql<{
      at: Date;
    }>`select next_call_at as at from call_budget`.execute(database.db);
    const reservedMs = Number(after[0]?.at) - Number(before[0]?.at);
    expect(reservedMs).toBeGreaterThanOrEqual(counts.reduce((sum, count) => sum + count * 100, 0));
  });

  it('continue after the longest pause, and for one upstream only', async () => {
    await using database = await openReplicaDatabase();
    const reservations = createCallReservations(database, 'u', 10);
    expect(await reservations.reserve(1)).toBeLessThanOrEqual(1);
    await reservations.pause(240_000);
    await reservations.pause(1_000);
    const firstInMs = await reservations.reserve(5);
    expect(firstInMs).toBeGreaterThan(200_000);
    expect(firstInMs).toBeLessThanOrEqual(240_000);
    expect(await reservations.reserve(1)).toBeGreaterThan(firstInMs);
    expect(await createCallReservations(database, 'v', 10).reserve(1)).toBeLessThanOrEqual(1);
  });

  it('are not delayed by what was written before the database’s clock was set back', async () => {
    await using database = await openReplicaDatabase();
    const reservations = createCallReservations(database, 'u', 10);
    await reservations.reserve(1);
    await sql`update call_budget set next_call_at = next_call_at + interval '1 hour',
      paused_until = paused_until + interval '1 hour'`.execute(database.db);
    expect(await reservations.reserve(1)).toBeLessThanOrEqual(1);
    await sql`update call_budget set paused_until = now() + interval '1 day'`.execute(database.db);
    await reservations.pause(5_000);
    const firstInMs = await reservations.reserve(1);
    expect(firstInMs).toBeGreaterThan(3_000);
    expect(firstInMs).toBeLessThanOrEqual(5_000);
  });
});
