import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LogUnavailableError } from '../../src/ingestion/gateway-error.js';
import type { ReportedState } from '../../src/ingestion/ingestion-request.js';
import type { Scope } from '../../src/ingestion/ports.js';
import type { Position, Transition } from '../../src/ingestion/transition.js';
import { createFanOut, type Outlet, type TransitionSource } from '../../src/watch/fan-out.js';
import { Place } from '../../src/watch/follow.js';
import { createHub } from '../../src/watch/hub.js';
import { settle } from '../support/manual-clock.js';
import { createMemoryLog } from '../support/memory-log.js';

const running: ReportedState = { status: 'IN_PROGRESS', info: '', batchId: null };
const finished: ReportedState = { status: 'SUCCESS', info: '', batchId: null, numRecords: 1 };
const all: Scope = { kind: 'all' };

/** An outlet that keeps what it is given, and is full when the test says so. */
function createOutlet() {
  const given: Position[] = [];
  const ends: ('complete' | Error)[] = [];
  let stalled: PromiseWithResolvers<void> | null = null;
  const outlet: Outlet<Position> = {
    next(position) {
      given.push(position);
      return stalled?.promise ?? null;
    },
    complete: () => void ends.push('complete'),
    fail: (error) => void ends.push(error as Error),
  };
  return {
    outlet,
    given,
    ends,
    stall() {
      stalled ??= Promise.withResolvers();
    },
    drain() {
      stalled?.resolve();
      stalled = null;
    },
  };
}

function createSubject(replaced: Partial<TransitionSource['log']> = {}) {
  const log = createMemoryLog();
  const hub = createHub();
  log.onAppended((transition) => hub.publish(transition));
  const fanOut = createFanOut<Position>({
    log: { find: log.find, read: log.read, head: log.head, ...replaced },
    hub,
  });
  const rendered: Position[] = [];
  const render = async ({ position }: Transition) => {
    rendered.push(position);
    // Now at once, now after others had their turn.
    if (position % 3 === 0) await settle();
    return position;
  };
  let requestCount = 0;
  return {
    log,
    hub,
    fanOut,
    rendered,
    follow: (
      outlet: Outlet<Position>,
      position: Position = 0,
      scope: Scope = all,
      rendering = render,
    ) => fanOut.follow(JSON.stringify(scope), new Place(scope, position), rendering, outlet),
    append(mappingId = 'm', seen = running, requestId?: string) {
      requestCount += 1;
      const ref = { mappingId, requestId: requestId ?? String(requestCount) };
      return log.append({ ref, seen, observedAt: 0 });
    },
  };
}

/** Until nothing has changed for some turns of the event loop. */
async function settleAll(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await settle();
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe('a fan-out', () => {
  it('renders a transition once for all equal followers, and separately for others', async () => {
    const { follow, append, rendered } = createSubject();
    const equal = Array.from({ length: 100 }, createOutlet);
    for (const { outlet } of equal) follow(outlet);
    const other = createOutlet();
    follow(other.outlet, 0, { kind: 'mappings', mappingIds: ['m'] });
    await settleAll();
    await append();
    await append();
    await settleAll();
    for (const { given } of [...equal, other]) expect(given).toEqual([1, 2]);
    expect(rendered.sort()).toEqual([1, 1, 2, 2]);
  });

  it('renders what is read from the log once for simultaneous readers', async () => {
    const { follow, append, rendered } = createSubject();
    for (let i = 0; i < 3; i += 1) await append();
    const outlets = Array.from({ length: 10 }, createOutlet);
    for (const { outlet } of outlets) follow(outlet);
    await settleAll();
    for (const { given } of outlets) expect(given).toEqual([1, 2, 3]);
    expect(rendered).toEqual([1, 2, 3]);
  });

  it('renders several transitions concurrently for a reader of the log, and delivers them in order', async () => {
    const { follow, append } = createSubject();
    for (let i = 0; i < 20; i += 1) await append();
    const underWay: (() => void)[] = [];
    const { outlet, given } = createOutlet();
    follow(outlet, 0, all, async ({ position }) => {
      await new Promise<void>((resolve) => underWay.push(resolve));
      return position;
    });
    const together: number[] = [];
    await settleAll();
    while (underWay.length > 0) {
      together.push(underWay.length);
      for (const finish of underWay.splice(0).reverse()) finish();
      await settleAll();
    }
    expect(together).toEqual([8, 8, 4]);
    expect(given).toEqual(upTo(20));
  });

  it('renders again for a later follower: the request may have changed', async () => {
    const { follow, append, rendered } = createSubject();
    await append();
    follow(createOutlet().outlet);
    await settleAll();
    const late = createOutlet();
    follow(late.outlet);
    await settleAll();
    expect(late.given).toEqual([1]);
    expect(rendered).toEqual([1, 1]);
  });

  it('holds one hub listener for all equal followers, and none when they have left', async () => {
    const { follow, fanOut, hub } = createSubject();
    const followers = Array.from({ length: 1_000 }, () => follow(createOutlet().outlet));
    await settleAll();
    expect(fanOut.followerCount).toBe(1_000);
    expect(hub.listenerCount).toBe(1);
    for (const follower of followers) follower.leave();
    for (const follower of followers) follower.leave();
    expect(fanOut.followerCount).toBe(0);
    expect(hub.listenerCount).toBe(0);
  });

  it('releases everything when all followers leave during a read of the log', async () => {
    const { follow, fanOut, hub, append } = createSubject();
    await append();
    const { outlet, given } = createOutlet();
    follow(outlet).leave();
    expect(fanOut.followerCount).toBe(0);
    await settleAll();
    expect(given).toEqual([]);
    expect(hub.listenerCount).toBe(0);
  });

  it('does not let one follower that replays a long log delay the others', async () => {
    const { follow, append } = createSubject();
    for (let i = 0; i < 500; i += 1) await append();
    const slow = createOutlet();
    slow.stall();
    follow(slow.outlet);
    const quick = createOutlet();
    follow(quick.outlet, 500);
    await settleAll();
    await append();
    await settleAll();
    expect(quick.given).toEqual([501]);
    expect(slow.given).toEqual([1]);
    slow.drain();
    while (slow.given.length < 501) await settle();
    expect(slow.given).toEqual(upTo(501));
  });

  it('buffers nothing for a stalled follower while a thousand transitions pass, and loses none', async () => {
    const { follow, append } = createSubject();
    const stalled = createOutlet();
    const others = Array.from({ length: 5 }, createOutlet);
    for (const { outlet } of [stalled, ...others]) follow(outlet);
    await settleAll();
    stalled.stall();
    for (let i = 0; i < 1_000; i += 1) await append();
    while (others.some(({ given }) => given.length < 1_000)) await settle();
    expect(stalled.given).toEqual([1]);
    stalled.drain();
    while (stalled.given.length < 1_000) await settle();
    await settleAll();
    for (const { given } of [stalled, ...others]) expect(given).toEqual(upTo(1_000));
  });

  it('completes each follower after the terminal transition, wherever it begins', async () => {
    const { follow, append, fanOut, hub } = createSubject();
    const scope: Scope = { kind: 'request', ref: { mappingId: 'm', requestId: '1' } };
    await append('m', running, '1');
    const live = createOutlet();
    follow(live.outlet, 0, scope);
    await settleAll();
    await append('m', finished, '1');
    await settleAll();
    const late = createOutlet();
    follow(late.outlet, 0, scope);
    const behind = createOutlet();
    follow(behind.outlet, 2, scope);
    await settleAll();
    expect([live, late, behind].map(({ given }) => given)).toEqual([[1, 2], [1, 2], []]);
    for (const { ends } of [live, late, behind]) expect(ends).toEqual(['complete']);
    expect(fanOut.followerCount).toBe(0);
    expect(hub.listenerCount).toBe(0);
  });

  it('completes a stalled follower only after it received the terminal transition', async () => {
    const { follow, append } = createSubject();
    const scope: Scope = { kind: 'request', ref: { mappingId: 'm', requestId: '1' } };
    const stalled = createOutlet();
    const other = createOutlet();
    for (const { outlet } of [stalled, other]) follow(outlet, 0, scope);
    await settleAll();
    stalled.stall();
    await append('m', running, '1');
    await append('m', finished, '1');
    await settleAll();
    expect(other.ends).toEqual(['complete']);
    expect([stalled.given, stalled.ends]).toEqual([[1], []]);
    stalled.drain();
    await settleAll();
    expect([stalled.given, stalled.ends]).toEqual([[1, 2], ['complete']]);
  });

  it('does not hang when the request ends during a read of the log', async () => {
    const subject = createSubject({
      async read(scope, after, limit) {
        const page = await subject.log.read(scope, after, limit);
        await subject.append('m', finished, '1');
        return page;
      },
    });
    await subject.append('m', running, '1');
    const { outlet, given, ends } = createOutlet();
    subject.follow(outlet, 0, { kind: 'request', ref: { mappingId: 'm', requestId: '1' } });
    await settleAll();
    expect(given).toEqual([1, 2]);
    expect(ends).toEqual(['complete']);
  });

  it('fails only the followers that cannot continue reading', async () => {
    let isBroken = false;
    const subject = createSubject({
      read: (...args) => (isBroken ? Promise.reject(new Error('disk')) : subject.log.read(...args)),
    });
    const live = createOutlet();
    subject.follow(live.outlet);
    await settleAll();
    isBroken = true;
    const late = createOutlet();
    subject.follow(late.outlet);
    await subject.append();
    await settleAll();
    const behind = createOutlet();
    subject.follow(behind.outlet);
    await settleAll();
    expect(behind.ends).toEqual([new Error('disk')]);
    expect([live.given, live.ends]).toEqual([[1], []]);
    expect([late.given, late.ends]).toEqual([[1], []]);
    expect(subject.fanOut.followerCount).toBe(2);
  });

  it('survives a short outage of the log, and delivers what came meanwhile', async () => {
    let failures = 0;
    const failing = <T>(ask: () => Promise<T>): Promise<T> => {
      failures -= 1;
      return failures >= 0 ? Promise.reject(new LogUnavailableError('away')) : ask();
    };
    const subject = createSubject({
      head: () => failing(subject.log.head),
      find: (refs) => failing(() => subject.log.find(refs)),
      read: (...args) => failing(() => subject.log.read(...args)),
    });
    const first = createOutlet();
    failures = 3;
    subject.follow(first.outlet);
    await subject.append();
    while (first.given.length < 1) await settle();
    // Who is too slow reads the log too.
    failures = 2;
    first.stall();
    await subject.append();
    await settleAll();
    first.drain();
    await subject.append();
    while (first.given.length < 3) await settle();
    expect([first.given, first.ends]).toEqual([[1, 2, 3], []]);
  });

  it('fails all followers of a transition that cannot be rendered, and starts afresh for those that return', async () => {
    const { follow, append, fanOut, hub } = createSubject();
    const outlets = Array.from({ length: 3 }, createOutlet);
    const broken = () => Promise.reject(new Error('render'));
    for (const { outlet } of outlets) follow(outlet, 0, all, broken);
    await settleAll();
    await append();
    await settleAll();
    for (const { ends } of outlets) expect(ends).toEqual([new Error('render')]);
    expect(fanOut.followerCount).toBe(0);
    expect(hub.listenerCount).toBe(0);
    const again = createOutlet();
    follow(again.outlet);
    await settleAll();
    expect(again.given).toEqual([1]);
  });

  it('fails only the follower whose outlet throws', async () => {
    const { follow, append } = createSubject();
    const bad = createOutlet();
    const throwing: Outlet<Position> = {
      ...bad.outlet,
      next() {
        throw new Error('outlet');
      },
    };
    const good = createOutlet();
    follow(throwing);
    follow(good.outlet);
    await settleAll();
    await append();
    await append();
    await settleAll();
    expect(bad.ends).toEqual([new Error('outlet')]);
    expect(good.given).toEqual([1, 2]);
  });

  it('reads the log once for all followers that join together, and once per position for all that lag', async () => {
    let readCount = 0;
    const subject = createSubject({
      read(...args) {
        readCount += 1;
        return subject.log.read(...args);
      },
    });
    await subject.append();
    const outlets = Array.from({ length: 100 }, createOutlet);
    for (const { outlet } of outlets) subject.follow(outlet);
    await settleAll();
    expect(readCount).toBe(1);
    for (const { given } of outlets) expect(given).toEqual([1]);
  });

  it('leaves what it cannot render in time to the log, and delivers everything once', async () => {
    const { follow, append } = createSubject();
    const held: (() => void)[] = [];
    let isHeld = true;
    const { outlet, given } = createOutlet();
    follow(outlet, 0, all, async ({ position }) => {
      if (isHeld) await new Promise<void>((resolve) => held.push(resolve));
      return position;
    });
    await settleAll();
    for (let i = 0; i < 400; i += 1) await append();
    await settleAll();
    expect(given).toEqual([]);
    isHeld = false;
    for (const finish of held) finish();
    while (given.length < 400) await settle();
    await append();
    await settleAll();
    expect(given).toEqual(upTo(401));
  });

  it('renders nothing ahead for a stalled follower without others', async () => {
    const { follow, append, rendered } = createSubject();
    const stalled = createOutlet();
    follow(stalled.outlet);
    await settleAll();
    stalled.stall();
    for (let i = 0; i < 20; i += 1) await append();
    await settleAll();
    const ahead = rendered.length;
    for (let i = 0; i < 20; i += 1) await append();
    await settleAll();
    expect(rendered.length).toBe(ahead);
    stalled.drain();
    await settleAll();
    expect(stalled.given).toEqual(upTo(40));
  });

  it.each(['head', 'find', 'read'] as const)(
    'does not hang when the request ends during the answer to %s, wherever a follower begins',
    async (asked) => {
      let hasEnded = false;
      const subject = createSubject();
      const ask = subject.log[asked] as (...args: unknown[]) => Promise<unknown>;
      const ending = async (...args: unknown[]) => {
        const answer = await ask(...args);
        if (!hasEnded) {
          hasEnded = true;
          await subject.append('m', finished, '1');
        }
        return answer;
      };
      const { find, read, head } = { ...subject.log, [asked]: ending } as typeof subject.log;
      const fanOut = createFanOut<Position>({ log: { find, read, head }, hub: subject.hub });
      await subject.append('m', running, '1');
      const scope: Scope = { kind: 'request', ref: { mappingId: 'm', requestId: '1' } };
      const outlets = [0, 1, 2].map((position) => {
        const outlet = createOutlet();
        const render = async (transition: Transition) => transition.position;
        fanOut.follow('', new Place(scope, position), render, outlet.outlet);
        return outlet;
      });
      await settleAll();
      expect(outlets.map(({ given }) => given)).toEqual([[1, 2], [2], []]);
      for (const { ends } of outlets) expect(ends).toEqual(['complete']);
      expect(subject.hub.listenerCount).toBe(0);
    },
  );

  it('delivers what precedes a transition that cannot be rendered, and keeps the followers that read on their own', async () => {
    const { follow, append } = createSubject();
    let isBroken = true;
    const first = Promise.withResolvers<void>();
    const render = async ({ position }: Transition) => {
      if (position === 2) await first.promise;
      if (position === 3 && isBroken) throw new Error('render');
      return position;
    };
    const live = createOutlet();
    const stalled = createOutlet();
    follow(live.outlet, 0, all, render);
    follow(stalled.outlet, 0, all, render);
    await settleAll();
    stalled.stall();
    await append();
    await settleAll();
    for (let i = 0; i < 3; i += 1) await append();
    await settleAll();
    expect([live.given, live.ends]).toEqual([[1], []]);
    first.resolve();
    await settleAll();
    expect([live.given, live.ends]).toEqual([[1, 2], [new Error('render')]]);
    isBroken = false;
    stalled.drain();
    await settleAll();
    await append();
    await settleAll();
    expect([stalled.given, stalled.ends]).toEqual([[1, 2, 3, 4, 5], []]);
  });

  it('delivers nothing to a follower that leaves during rendering', async () => {
    const { follow, append, hub } = createSubject();
    const held = Promise.withResolvers<void>();
    const { outlet, given, ends } = createOutlet();
    const follower = follow(outlet, 0, all, async ({ position }) => {
      await held.promise;
      return position;
    });
    await settleAll();
    await append();
    follower.leave();
    held.resolve();
    await settleAll();
    expect([given, ends]).toEqual([[], []]);
    expect(hub.listenerCount).toBe(0);
  });

  it('delivers every transition once and in order through any interleaving of appends, stalls, drains, leaves and returns', async () => {
    const scopes: Scope[] = [
      all,
      { kind: 'mappings', mappingIds: ['a'] },
      { kind: 'mappings', mappingIds: ['a', 'b'] },
    ];
    const seat = fc.nat({ max: 5 });
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('append' as const),
        seat,
        count: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 200, max: 400 })),
      }),
      fc.record({
        kind: fc.constantFrom('stall' as const, 'drain' as const, 'leave' as const),
        seat,
        count: fc.constant(0),
      }),
      fc.record({
        kind: fc.constant('wait' as const),
        seat,
        count: fc.integer({ max: 4, min: 1 }),
      }),
      fc.record({ kind: fc.constant('follow' as const), seat, count: fc.constant(0) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { log, hub, fanOut, follow, append } = createSubject();
        const seats = Array.from({ length: 6 }, (_, index) => ({
          ...createOutlet(),
          scope: scopes[index % scopes.length] ?? all,
          follower: null as ReturnType<typeof follow> | null,
        }));
        const returnTo = (taken: (typeof seats)[number]) => {
          taken.follower ??= follow(taken.outlet, taken.given.at(-1) ?? 0, taken.scope);
        };
        for (const { kind, seat, count } of steps) {
          const taken = seats[seat];
          if (!taken) continue;
          switch (kind) {
            case 'append':
              for (let i = 0; i < count; i += 1) await append(i % 2 ? 'a' : 'b');
              break;
            case 'wait':
              for (let i = 0; i < count; i += 1) await settle();
              break;
            case 'leave':
              taken.follower?.leave();
              taken.follower = null;
              break;
            case 'follow':
              returnTo(taken);
              break;
            default:
              taken[kind]();
          }
        }
        for (const taken of seats) {
          taken.drain();
          returnTo(taken);
        }
        for (const { scope, given } of seats) {
          const expected = (await log.read(scope, 0, 100_000)).map(({ position }) => position);
          while (given.length < expected.length) await settle();
          await settleAll();
          expect(given).toEqual(expected);
        }
        expect(fanOut.followerCount).toBe(6);
        expect(hub.listenerCount).toBe(3);
        for (const { follower } of seats) follower?.leave();
        expect(fanOut.followerCount).toBe(0);
        expect(hub.listenerCount).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});
