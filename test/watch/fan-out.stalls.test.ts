import { describe, expect, it } from '@jest/globals';
import { settle } from '../support/manual-clock.js';
import { all, createOutlet, createSubject, settleAll, upTo } from './fan-out-harness.js';

describe('a slow follower', () => {
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
});
