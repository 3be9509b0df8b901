import { describe, expect, it } from '@jest/globals';
import { all, createOutlet, createSubject, settleAll, upTo } from './fan-out-harness.js';

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
});
