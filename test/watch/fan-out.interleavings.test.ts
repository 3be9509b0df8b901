import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Scope } from '../../src/ingestion/ports.js';
import { settle } from '../support/manual-clock.js';
import { all, createOutlet, createSubject, settleAll } from './fan-out-harness.js';

describe('a fan-out', () => {
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
