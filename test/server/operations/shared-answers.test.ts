import { afterEach, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createIngestionRequestLoader } from '../../../src/datasources/log/ingestion-request.loader.js';
import { createUsualDurationLoader } from '../../../src/datasources/log/usual-duration.loader.js';
import { anonymous, type Caller } from '../../../src/ingestion/caller.js';
import type { ReportedState } from '../../../src/ingestion/ingestion-request.js';
import type { OperationContext, Sharing } from '../../../src/resolvers/operation-context.js';
import { createApolloServer } from '../../../src/server/operations/apollo.js';
import { buildGatewaySchema } from '../../../src/server/operations/build-schema.js';
import { createErrorFormatter } from '../../../src/server/operations/graphql-errors.js';
import { createOperationRules } from '../../../src/server/operations/operation-rules.js';
import { createShareable } from '../../../src/server/operations/shareable.js';
import { createSharedAnswers } from '../../../src/server/operations/shared-answers.js';
import { createWatcher } from '../../../src/watch/watcher.js';
import { privateExposure } from '../../support/exposure.js';
import { createManualClock, settle } from '../../support/manual-clock.js';
import { noWatcherEvents, openMemoryWatches } from '../../support/memory-watches.js';
import { silentLogger } from '../../support/silent-logger.js';

const toStates = (info: string): readonly ReportedState[] => [
  { status: 'IN_PROGRESS', info, batchId: null },
  { status: 'SUCCESS', info, batchId: 'b', numRecords: 3 },
  { status: 'FAILED', info, batchId: null },
];

const ids = ['1', '2'] as const;
const mappings = ['m0', 'm1'] as const;
const ref = (m: string, id: string) => `mappingId: "${m}", requestId: "${id}"`;
const texts = mappings.flatMap((m) =>
  ids.flatMap((id) => [
    `{ ingestionStatus(${ref(m, id)}) { id status info numRecords failure { code } } }`,
    `{ ingestionStatus(${ref(m, id)}, maxAgeMs: 0) { status lastObservedAt } }`,
    `{ ingestionStatus(${ref(m, id)}, maxAgeMs: 700) { status lastObservedAt finishedAt } }`,
    `{ ingestionStatus(${ref(m, id)}, maxAgeMs: 60000) { status durationMs } }`,
    `{ ingestionStatus(${ref(m, id)}, maxAgeMs: 60000) { status watch { nextPollAt } } }`,
  ]),
);
const questions = [
  ...texts,
  '{ ingestionRequests { nodes { requestId status lastObservedAt } pageInfo { hasNextPage endCursor } } }',
  '{ ingestionRequests(first: 1, filter: { statuses: [SUCCESS] }) { edges { cursor node { id info } } } }',
  `{ ingestionStatuses(requests: [{ ${ref('m0', '1')} }, { ${ref('m1', '2')} }]) { status } }`,
  '{ latestCursor }',
  '{ mapping(mappingId: "m0") { mappingId lastRequest { status } } }',
];

const scoped: Caller = {
  ...anonymous,
  name: 'scoped',
  mappings: { kind: 'mappings', mappingIds: ['m0'] },
};
const starter: Caller = { ...anonymous, name: 'starter', rights: ['ingestion:start'] };
const callers = [anonymous, { ...anonymous, name: 'other' }, scoped, starter];

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      which: fc.nat(2),
      caller: fc.constantFrom(...callers),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('see' as const),
      mappingId: fc.constantFrom(...mappings),
      requestId: fc.constantFrom(...ids),
      state: fc.nat(2),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(2_000) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'forget' as const }) },
  { weight: 1, arbitrary: fc.constantFrom(...ids).map((id) => ({ kind: 'end' as const, id })) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: -5_000, max: 5_000 }).map((ms) => ({ kind: 'jump' as const, ms })),
  },
);

const some = fc.uniqueArray(fc.constantFrom(...questions), { minLength: 1, maxLength: 3 });

it('returns what would have been computed, without a call to the upstream', async () => {
  let sharedCount = 0;
  await fc.assert(
    fc.asyncProperty(
      some,
      fc.array(step, { minLength: 10, maxLength: 40 }),
      async (asked, steps) => {
        const clock = createManualClock();
        await clock.advance(1);
        const { log, queue } = await openMemoryWatches(clock);
        let calls = 0;
        const upstream = {
          expedite() {},
          async status() {
            calls += 1;
            return toStates('polled')[0] ?? null;
          },
        };
        const watches = createWatcher({
          upstream,
          log,
          queue,
          clock,
          plan: { minMs: 500, maxMs: 1_000, maxWaitingPolls: 10, pollPriceMs: 1 },
          events: noWatcherEvents,
        });
        const schema = await buildGatewaySchema({
          startIngestion: () => Promise.reject(new Error('Nothing is started here.')),
          log,
          watches,
          administration: null,
          clock,
          pollMaxMs: 1_000,
        });
        const apollo = createApolloServer({
          schema,
          rules: createOperationRules(schema, { ...privateExposure, persistedOperations: null }),
          isShareable: createShareable(schema),
          formatError: createErrorFormatter(silentLogger, true),
          reportOperation: () => {},
          reportRefusal: () => {},
          logger: silentLogger,
        });
        await apollo.start();
        const answers = createSharedAnswers();
        const compute = async (query: string, caller: Caller, sharing: Sharing) => {
          const contextValue = {
            caller,
            callerKey: 'a',
            arrival: { transport: 'http', lastEventId: null },
            sharing,
            requests: createIngestionRequestLoader(log),
            usualDurations: createUsualDurationLoader(log),
          } as unknown as OperationContext;
          const { body } = await apollo.executeOperation({ query }, { contextValue });
          return JSON.stringify(body.kind === 'single' && body.singleResult);
        };
        let seenCount = 0;
        for (const next of steps) {
          switch (next.kind) {
            case 'ask': {
              const { which, caller } = next;
              const question = asked[which % asked.length] ?? '';
              const key = answers.toKey({
                caller,
                method: 'POST',
                url: '/graphql',
                accept: 'application/json',
                encoding: 'identity',
                body: question,
              });
              const known = answers.find(key);
              const callsBefore = calls;
              const sharing: Sharing = { conditions: [], operationName: null };
              const body = await compute(question, caller, sharing);
              if (known) {
                sharedCount += 1;
                expect(known.body).toBe(body);
                expect(calls).toBe(callsBefore);
              }
              answers.keep(key, sharing, {
                contentType: 'application/json',
                encoding: 'identity',
                body,
              });
              break;
            }
            case 'see': {
              seenCount += 1;
              const { mappingId, requestId, state } = next;
              const seen = toStates(`seen ${seenCount}`)[state];
              if (seen) await watches.observe({ mappingId, requestId }, seen);
              break;
            }
            case 'pass':
              await clock.advance(next.ms);
              break;
            case 'end':
              await watches.endWatch({ mappingId: 'm0', requestId: next.id });
              break;
            case 'jump':
              clock.jump(next.ms);
              break;
            case 'forget':
              await log.prune(clock.now() - 1_500, 10);
              break;
          }
          await settle();
        }
        await watches.stop();
        await apollo.stop();
      },
    ),
    { numRuns: 60 },
  );
  expect(sharedCount).toBeGreaterThan(30);
});

const gateways: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
});
