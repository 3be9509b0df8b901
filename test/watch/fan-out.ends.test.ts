import { describe, expect, it } from '@jest/globals';
import type { Scope } from '../../src/ingestion/ports.js';
import type { Position, Transition } from '../../src/ingestion/transition.js';
import { createFanOut } from '../../src/watch/fan-out.js';
import { Place } from '../../src/watch/follow.js';
import { createOutlet, createSubject, finished, running, settleAll } from './fan-out-harness.js';

describe('the end of a request', () => {
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
});
