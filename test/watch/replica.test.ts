import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LogUnavailableError } from '../../src/ingestion/gateway-error.js';
import type { ReportedState, RequestRef } from '../../src/ingestion/ingestion-request.js';
import type { Clock } from '../../src/ingestion/ports.js';
import { createReplica } from '../../src/watch/replica.js';
import { createWatcher } from '../../src/watch/watcher.js';
import { createManualClock, type ManualClock, settle } from '../support/manual-clock.js';
import { createMemoryLog } from '../support/memory-log.js';
import { createMemoryReplicas } from '../support/memory-replicas.js';

const running: ReportedState = { status: 'IN_PROGRESS', info: 'running', batchId: null };
const finished: ReportedState = { status: 'SUCCESS', info: 'done', batchId: null, numRecords: 15 };

const toRef = (index: number): RequestRef => ({ mappingId: 'm', requestId: String(index) });

/** The clock of one machine: it differs from the others’, and stands still for a process that is frozen. */
function createMachineClock(base: ManualClock, skewMs: number) {
  let isFrozen = false;
  const late: (() => void)[] = [];
  const clock: Clock = {
    now: () => base.now() + skewMs,
    monotonicMs: () => base.monotonicMs(),
    schedule(delayMs, task) {
      let isCancelled = false;
      const cancel = base.schedule(delayMs, () => {
        const run = () => {
          if (!isCancelled) task();
        };
        if (isFrozen) late.push(run);
        else run();
      });
      return () => {
        isCancelled = true;
        cancel();
      };
    },
  };
  return {
    clock,
    freeze() {
      isFrozen = true;
    },
    thaw() {
      isFrozen = false;
      for (const run of late.splice(0)) run();
    },
    /** It runs no more, ever. */
    kill() {
      isFrozen = true;
    },
  };
}

function createCluster(count: number, skewMs = 0) {
  const clock = createManualClock();
  const log = createMemoryLog();
  const shared = createMemoryReplicas(log, clock);
  const polls: { by: number; id: string; atMs: number }[] = [];
  const ended = new Set<string>();
  const startedAt = clock.now();
  let nextId = 0;

  const members = Array.from({ length: count }, (_, by) => {
    const machine = createMachineClock(clock, by * skewMs);
    let isCutOff = false;
    let isGone = false;
    const reachable = <T extends object>(target: T): T =>
      new Proxy(target, {
        get:
          (object, name) =>
          (...args: unknown[]) =>
            isCutOff
              ? Promise.reject(new LogUnavailableError('down'))
              : (Reflect.get(object, name) as (...all: unknown[]) => unknown)(...args),
      });
    const events: string[] = [];
    const replica = createReplica({
      registry: reachable(shared.registry),
      table: reachable(shared.table(machine.clock)),
      clock: machine.clock,
      newId: () => `${by}.${nextId++}`,
      events: {
        onJoined: (id) => events.push(`joined ${id}`),
        onLost: (id, held) => events.push(`lost ${id} with ${held}`),
        onCompanyChanged: async (living, dead) =>
          void events.push(`${living} alive, dead: ${dead}`),
        onTaken: (taken) => events.push(`took ${taken}`),
        onGivenBack: (given) => events.push(`gave ${given}`),
        onFailed: (error) => events.push(`failed: ${error}`),
      },
    });
    const watcher = createWatcher({
      upstream: {
        expedite() {},
        async status({ requestId }) {
          polls.push({ by, id: requestId, atMs: clock.now() - startedAt });
          return ended.has(requestId) ? finished : running;
        },
      },
      log,
      clock: machine.clock,
      plan: { minMs: 1_000, maxMs: 1_000, maxWaitingPolls: 1e6, pollPriceMs: 100 },
      leases: replica.leases,
      events: { onTransition() {}, onRegression() {}, onPollFailed() {} },
      random: () => 0,
    });
    log.onAppended(({ ref, to }) => {
      if (to.status !== 'IN_PROGRESS') watcher.end(ref);
    });
    return {
      ...machine,
      replica,
      watcher,
      events,
      start: () => replica.start(watcher),
      isGone: () => isGone,
      async stop() {
        isGone = true;
        await watcher.stop();
        await replica.stop();
      },
      cutOff: (cut: boolean) => {
        isCutOff = cut;
      },
    };
  });
  const member = (index: number) => members[index] as (typeof members)[number];
  const counts = () => members.map(({ isGone, watcher }) => (isGone() ? 0 : watcher.watchCount));
  /** The polls of a span, by request. */
  const pollsOf = (fromMs: number, toMs: number) =>
    Map.groupBy(
      polls.filter(({ atMs }) => atMs > fromMs && atMs <= toMs),
      ({ id }) => id,
    );
  return { clock, log, shared, members, member, counts, polls, pollsOf, ended };
}

describe('replicas that share the watches', () => {
  it('have a request that is seen on one be watched there at once, and on no other', async () => {
    const { clock, member, counts, pollsOf } = createCluster(2);
    await Promise.all([member(0).start(), member(1).start()]);
    await member(0).watcher.observe(toRef(1), running);
    expect(counts()).toEqual([1, 0]);
    // Somebody asks the other one.
    await member(1).watcher.poll(toRef(1), 'somebody');
    expect(counts()).toEqual([1, 0]);
    await clock.advance(10_000);
    expect(pollsOf(0, 10_000).get('1')).toHaveLength(10);
  });

  it('end a watch that another one saw the end of', async () => {
    const { member, counts, ended } = createCluster(2);
    await Promise.all([member(0).start(), member(1).start()]);
    await member(0).watcher.observe(toRef(1), running);
    ended.add('1');
    await member(1).watcher.poll(toRef(1), 'somebody');
    expect(counts()).toEqual([0, 0]);
  });

  it('tell how a request is watched, whichever is asked', async () => {
    const { clock, member } = createCluster(2, 3_600_000);
    await Promise.all([member(0).start(), member(1).start()]);
    await member(0).watcher.observe(toRef(1), running);
    await clock.advance(2_500);
    const own = await member(0).watcher.report(toRef(1));
    const other = await member(1).watcher.report(toRef(1));
    expect(own?.lastPolledAt).toBe(member(0).clock.now() - 500);
    // Written down once a second.
    expect([500, 1_500]).toContain(member(1).clock.now() - (other?.lastPolledAt ?? 0));
    expect(other?.intervalMs).toBe(1_000);
  });

  it('share them out evenly when one comes, without a poll more, and then leave them where they are', async () => {
    const { clock, member, counts, pollsOf } = createCluster(3);
    await member(0).start();
    for (let id = 1; id <= 30; id += 1) await member(0).watcher.observe(toRef(id), running);
    await Promise.all([member(1).start(), member(2).start()]);
    await clock.advance(30_000);
    expect(Math.max(...counts())).toBeLessThanOrEqual(12);
    expect(Math.min(...counts())).toBeGreaterThanOrEqual(8);
    const moved = member(0).events.length;
    await clock.advance(30_000);
    expect(member(0).events).toHaveLength(moved);
    const quiet = pollsOf(30_000, 60_000);
    expect([...quiet.values()].map((polls) => polls.length)).toEqual(Array(30).fill(30));
    const moving = [...pollsOf(0, 30_000).values()];
    expect(Math.max(...moving.map((polls) => polls.length))).toBeLessThanOrEqual(30);
    expect(Math.min(...moving.map((polls) => polls.length))).toBeGreaterThanOrEqual(27);
  });

  it('give everything back when one stops: others have it with their next heartbeat', async () => {
    const { clock, member, counts } = createCluster(2);
    await Promise.all([member(0).start(), member(1).start()]);
    for (let id = 1; id <= 10; id += 1) await member(0).watcher.observe(toRef(id), running);
    await member(0).stop();
    await clock.advance(2_000);
    expect(counts()[1]).toBe(10);
  });

  it('take over what a dead one had within 10 s of its death', async () => {
    const { clock, member, counts, polls } = createCluster(2);
    await Promise.all([member(0).start(), member(1).start()]);
    for (let id = 1; id <= 10; id += 1) await member(0).watcher.observe(toRef(id), running);
    await clock.advance(12_345);
    member(0).kill();
    const diedAtMs = 12_345;
    await clock.advance(10_000);
    expect(counts()[1]).toBe(10);
    await clock.advance(1_000);
    const after = polls.filter(({ by, atMs }) => by === 1 && atMs > diedAtMs);
    expect(new Set(after.map(({ id }) => id)).size).toBe(10);
    expect(member(1).events.some((event) => /1 alive, dead: 0\.\d/.test(event))).toBe(true);
  });

  it('have one that was frozen find out when it wakes, before it polls anything', async () => {
    const { clock, member, counts, polls, shared } = createCluster(2);
    await Promise.all([member(0).start(), member(1).start()]);
    for (let id = 1; id <= 10; id += 1) await member(0).watcher.observe(toRef(id), running);
    member(0).freeze();
    await clock.advance(20_000);
    const before = polls.length;
    member(0).thaw();
    await settle();
    expect(polls.slice(before).filter(({ by }) => by === 0)).toEqual([]);
    expect(member(0).events.some((event) => /^lost 0\.\d+ with 10$/.test(event))).toBe(true);
    await clock.advance(20_000);
    expect(counts()).toEqual([5, 5].map(() => expect.any(Number)));
    expect((counts()[0] as number) + (counts()[1] as number)).toBe(10);
    for (let id = 1; id <= 10; id += 1) expect(shared.ownerOf(toRef(id))).not.toBeNull();
    expect(new Set(member(0).events.filter((event) => event.startsWith('joined'))).size).toBe(2);
  });

  it('polls nothing while the database is out of reach for it, and goes on when it is back', async () => {
    const { clock, member, counts, polls } = createCluster(1);
    await member(0).start();
    for (let id = 1; id <= 3; id += 1) await member(0).watcher.observe(toRef(id), running);
    member(0).cutOff(true);
    await clock.advance(10_000);
    expect(counts()).toEqual([0]);
    const before = polls.length;
    await clock.advance(30_000);
    expect(polls).toHaveLength(before);
    member(0).cutOff(false);
    await clock.advance(5_000);
    expect(counts()).toEqual([3]);
    expect(polls.length).toBeGreaterThan(before);
  });

  it('whatever freezes, dies, comes and is cut off: in the end each request is watched by one, and no poll is one’s whose time is over', async () => {
    const step = fc.record({
      what: fc.constantFrom('freeze', 'thaw', 'cut', 'mend', 'see', 'ask', 'end', 'stop' as const),
      who: fc.nat(2),
      which: fc.nat(7),
      thenMs: fc.nat(6_000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { clock, member, members, counts, polls, shared, log, ended } = createCluster(
          3,
          5_000,
        );
        await Promise.all(members.map(({ start }) => start()));
        const frozen = new Set<number>();
        const cut = new Set<number>();
        let stopped = -1;
        for (const { what, who, which, thenMs } of steps) {
          const one = member(who);
          const canAct = !frozen.has(who) && stopped !== who;
          if (what === 'freeze') {
            frozen.add(who);
            one.freeze();
          } else if (what === 'thaw' && frozen.delete(who)) one.thaw();
          else if (what === 'cut' || what === 'mend') {
            one.cutOff(what === 'cut');
            cut[what === 'cut' ? 'add' : 'delete'](who);
          } else if (what === 'see' && canAct) {
            void one.watcher.observe(toRef(which), running).catch(() => {});
          } else if (what === 'ask' && canAct)
            void one.watcher.poll(toRef(which), 'somebody').catch(() => {});
          else if (what === 'end') ended.add(String(which));
          else if (what === 'stop' && stopped === -1 && canAct) {
            stopped = who;
            void one.stop();
          }
          await settle();
          await clock.advance(thenMs);
        }
        for (const who of frozen) member(who).thaw();
        for (const who of cut) member(who).cutOff(false);
        await settle();
        await clock.advance(40_000);
        const records = await log.list({ statuses: ['IN_PROGRESS'] }, null, 100);
        expect(counts().reduce((sum, count) => sum + count, 0)).toBe(records.length);
        for (const { ref } of records) expect(shared.ownerOf(ref)).not.toBeNull();
        // All of a while in which nothing happens: each request once a second, by one.
        const before = polls.length;
        await clock.advance(10_000);
        const byRequest = Map.groupBy(polls.slice(before), ({ id }) => id);
        expect(byRequest.size).toBe(records.length);
        for (const ofOne of byRequest.values()) {
          expect(new Set(ofOne.map(({ by }) => by)).size).toBe(1);
          expect(ofOne).toHaveLength(10);
        }
        await Promise.all(members.map(({ stop }) => stop()));
      }),
      { numRuns: 100 },
    );
  });
});
