import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type StartOutcome } from '../../src/ingestion/start-sender.js';
import { settle } from '../support/manual-clock.js';
import { ANSWER_DUE_MS, openStartLog } from '../support/open-start-log.js';
import { createModel, type Fate, fates, live } from './start-model.js';

/** The comparable part of an outcome: everything but the current state of the request. */
function toComparable(outcome: StartOutcome): string {
  const { kind, message } = outcome;
  return JSON.stringify([kind, message, 'record' in outcome ? outcome.record.ref : null]);
}

it('sends each key once despite races, crashes and losses, unless it was certainly not accepted', async () => {
  const key = fc.constantFrom('a', 'b', 'c', null);
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('start' as const), key }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'release' as const }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'finish' as const }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'turn' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
  );
  const fate = fc.tuple(fc.constantFrom(...fates), fc.boolean());
  const steps = fc.array(step, { minLength: 5, maxLength: 30 });
  const allFates = fc.array(fate, { minLength: 40, maxLength: 40 });

  await fc.assert(
    fc.asyncProperty(steps, allFates, async (script, fateOfEach) => {
      const model = createModel();
      // The array stays intact, because a failing case runs again with it.
      const nextFate = () =>
        fateOfEach[model.posts.length] ?? (['answered', false] as [Fate, boolean]);
      let opened = await openStartLog();
      let gateway = live(model, opened, nextFate);
      let underWay: Promise<unknown>[] = [];
      const askedAt = new Map<string, number>();
      const outcomes: { key: string; outcome: StartOutcome }[] = [];

      const drain = async () => {
        const all = Promise.all(underWay);
        let isDone = false;
        void all.then(() => {
          isDone = true;
        });
        while (!isDone) {
          model.release();
          await settle();
        }
        underWay = [];
      };

      for (const { kind, ...rest } of [...script, { kind: 'release' as const }]) {
        await model.clock.advance(1);
        switch (kind) {
          case 'start': {
            const startKey = 'key' in rest ? rest.key : null;
            const { start } = gateway;
            // A gateway that dies before its POST leaves still has the start in the log.
            if (startKey !== null && !askedAt.has(startKey)) {
              askedAt.set(startKey, model.clock.now());
            }
            const heard = start(startKey).then(
              (outcome) => {
                if (startKey !== null) outcomes.push({ key: startKey, outcome });
              },
              () => {},
            );
            underWay.push(heard);
            break;
          }
          case 'release':
            await drain();
            break;
          case 'turn':
            await settle();
            break;
          case 'finish':
            model.finish();
            break;
          case 'crash':
            gateway.die();
            underWay = [];
            opened = await opened.reopen();
            await opened.pass(ANSWER_DUE_MS);
            gateway = live(model, opened, nextFate);
            await gateway.settleOverdue();
        }
      }
      // The last caller gets the same outcome as the others.
      for (const startKey of ['a', 'b', 'c']) {
        const last = gateway.start(startKey).then(
          (outcome) => void outcomes.push({ key: startKey, outcome }),
          () => {},
        );
        underWay.push(last);
      }
      await drain();
      gateway.die();
      await opened.dispose();

      for (const startKey of ['a', 'b', 'c']) {
        const posts = model.posts.filter((post) => post.key === startKey);
        const mayHaveBeenTaken = posts.slice(0, -1).filter(({ fate }) => fate !== 'notTaken');
        expect(mayHaveBeenTaken).toEqual([]);
        const heard = outcomes.filter((told) => told.key === startKey);
        expect(new Set(heard.map(({ outcome }) => toComparable(outcome))).size).toBeLessThan(2);
        // The reported request ran when the start was sent, or later.
        for (const { outcome } of heard) {
          if (!('record' in outcome)) continue;
          const end = model.endedAt.get(outcome.record.ref.requestId) ?? Infinity;
          expect(end).toBeGreaterThanOrEqual(posts[0]?.at ?? askedAt.get(startKey) ?? Infinity);
        }
      }
    }),
    { numRuns: 15, endOnFailure: true },
  );
}, 120_000);
