import { describe, expect, it } from '@jest/globals';
import { LogUnavailableError } from '../../src/ingestion/gateway-error.js';
import type { Position, Transition } from '../../src/ingestion/transition.js';
import { type Outlet } from '../../src/watch/fan-out.js';
import { settle } from '../support/manual-clock.js';
import { all, createOutlet, createSubject, settleAll } from './fan-out-harness.js';

describe('a fan-out that cannot deliver', () => {
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
    // A slow follower reads the log as well.
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
});
