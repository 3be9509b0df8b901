import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Recent, UNANNOUNCED_CACHE_MS } from '../../../src/datasources/log/recent.js';
import { createManualClock } from '../../support/manual-clock.js';

/** A row; later versions are higher. */
interface Row {
  readonly version: number;
}

const keys = ['a', 'b'] as const;
const key = fc.constantFrom(...keys);

type Step =
  | { readonly kind: 'read'; readonly keys: readonly string[] }
  | { readonly kind: 'write' | 'append'; readonly key: string; readonly fails: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('read' as const), keys: fc.uniqueArray(key, { minLength: 1 }) }),
  fc.record({
    kind: fc.constantFrom('write' as const, 'append' as const),
    key,
    fails: fc.boolean(),
  }),
);

it('never returns anything older than the last completed change, whatever overlaps', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.scheduler(), async (steps, s) => {
      const recent = new Recent<Row>(createManualClock(), false);
      const database = new Map<string, Row>(keys.map((k) => [k, { version: 0 }]));
      const done = new Map<string, number>();
      let version = 0;
      const expectYoung = () => {
        for (const k of keys) {
          const remembered = recent.get(k)?.version ?? Number.POSITIVE_INFINITY;
          expect(remembered).toBeGreaterThanOrEqual(done.get(k) ?? 0);
        }
      };
      /** Reads arrive in any order, and so do their answers. */
      const ask = async <T>(statement: () => T): Promise<T> => {
        await s.schedule(Promise.resolve());
        const answer = statement();
        await s.schedule(Promise.resolve());
        return answer;
      };
      const change = (k: string, fails: boolean) =>
        ask(() => {
          version += 1;
          database.set(k, { version });
          return { written: { version }, fails };
        }).then(({ written, fails: isLost }) => {
          if (isLost) throw new Error('The answer is lost.');
          return new Map([[k, written]]);
        });
      async function run(next: Step): Promise<void> {
        switch (next.kind) {
          case 'read': {
            const found = await recent.read(next.keys, (missing) =>
              ask(() => new Map(missing.map((k) => [k, database.get(k) as Row]))),
            );
            expect([...found.keys()].sort()).toEqual([...next.keys].sort());
            return;
          }
          case 'write':
            await recent.write([next.key], () => change(next.key, next.fails)).catch(() => {});
            break;
          case 'append':
            await change(next.key, next.fails).catch(() => {});
            recent.forget(next.key);
            break;
        }
      }
      const running = steps.map(async (next) => {
        const before = version;
        await s.schedule(Promise.resolve());
        const from = database.get(next.kind === 'read' ? 'a' : next.key)?.version ?? before;
        await run(next);
        if (next.kind !== 'read') done.set(next.key, Math.max(done.get(next.key) ?? 0, from));
        expectYoung();
      });
      await s.waitAll();
      await Promise.all(running);
      for (const k of keys) expect(recent.get(k) ?? database.get(k)).toEqual(database.get(k));
    }),
  );
});

it('changes remembered rows with the database, and does not remember what was being read', async () => {
  const recent = new Recent<Row>(createManualClock(), false);
  const answer = Promise.withResolvers<ReadonlyMap<string, Row>>();
  const reading = recent.read(['a'], () => answer.promise);
  recent.change('a', () => ({ version: 9 }));
  answer.resolve(new Map([['a', { version: 1 }]]));
  expect((await reading).get('a')).toEqual({ version: 1 });
  expect(recent.get('a')).toBeUndefined();
  await recent.read(['a'], async () => new Map([['a', { version: 2 }]]));
  recent.change('a', ({ version }) => ({ version: version + 1 }));
  expect(recent.get('a')).toEqual({ version: 3 });
});

it('forgets everything, including what is being read', async () => {
  const recent = new Recent<Row>(createManualClock(), false);
  await recent.read(['a'], async () => new Map([['a', { version: 1 }]]));
  await recent.read(['b'], async () => {
    recent.forgetAll();
    return new Map([['b', { version: 1 }]]);
  });
  expect([recent.get('a'), recent.get('b')]).toEqual([undefined, undefined]);
});

it('trusts what others may have changed for a second from the start of its read', async () => {
  const clock = createManualClock();
  await clock.advance(1);
  const recent = new Recent<Row>(clock, true);
  await recent.read(['a'], async () => {
    await clock.advance(UNANNOUNCED_CACHE_MS - 1);
    return new Map([['a', { version: 1 }]]);
  });
  expect(recent.get('a')).toEqual({ version: 1 });
  recent.change('a', () => ({ version: 2 }));
  expect(recent.get('a')).toEqual({ version: 2 });
  await clock.advance(2);
  expect(recent.get('a')).toBeUndefined();
});
