import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { toUsualDuration } from '../../src/ingestion/usual-duration.js';
import { askGateway } from '../support/ask-gateway.js';
import { startAnswers, statusAnswers } from '../support/campaign-answers.js';
import {
  json,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.js';
import { startTestGateway, type TestGateway } from '../support/test-gateway.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startScriptedUpstream();
  gateway = await startTestGateway(upstream.url);
});

afterEach(async () => {
  await gateway.stop();
  await upstream.close();
});

const ask = (query: string) => askGateway(gateway.url, query);

/** Run a request of the mapping to its end. */
async function run(mappingId: string, requestId: number): Promise<void> {
  upstream.script(json(200, startAnswers.submitted(mappingId, requestId)));
  upstream.otherwise(json(200, statusAnswers.inProgress(mappingId, requestId)));
  await ask(`mutation { startIngestion(input: { mappingId: "${mappingId}" }) { __typename } }`);
  await upstream.arrived(upstream.calls.length + 1);
  upstream.otherwise(json(200, statusAnswers.success(mappingId, requestId)));
  const status = `{ ingestionStatus(mappingId: "${mappingId}", requestId: "${requestId}", maxAgeMs: 0) { status } }`;
  // A query shares a poll that is in progress.
  while ((await ask(status)).data.ingestionStatus.status !== 'SUCCESS');
}

it('lists mappings with their usual durations and last requests', async () => {
  const usual = 'usualDuration { runs p50Ms p95Ms }';
  const longer = 'lastRequest { requestId durationMs isLongerThanUsual }';
  for (let id = 1; id <= 4; id += 1) await run('crm', id);
  await run('web', 9);
  const few = (await ask(`{ mapping(mappingId: "crm") { mappingId ${usual} ${longer} } }`)).data;
  expect(few.mapping).toMatchObject({
    mappingId: 'crm',
    usualDuration: null,
    lastRequest: { requestId: '4', isLongerThanUsual: null },
  });
  await run('crm', 5);
  const { mapping } = (await ask(`{ mapping(mappingId: "crm") { id ${usual} ${longer} } }`)).data;
  expect(mapping.usualDuration.runs).toBe(5);
  expect(mapping.usualDuration.p50Ms).toBeLessThanOrEqual(mapping.usualDuration.p95Ms);
  expect(mapping.lastRequest.durationMs).toBeGreaterThan(0);
  // 95 % of five are all of them.
  expect(mapping.lastRequest.isLongerThanUsual).toBe(false);

  const found = await ask(`{ node(id: "${mapping.id}") { ... on Mapping { mappingId } } }`);
  expect(found.data.node).toEqual({ mappingId: 'crm' });
  expect((await ask('{ mapping(mappingId: "none") { id } }')).data.mapping).toBeNull();
  const forged = [
    'Mapping:[".."]',
    'Mapping:[""]',
    'Mapping:["crm","crm"]',
    'Mapping:[1]',
    'Nothing:["crm"]',
    'Job:["../1"]',
    'IngestionRequest:["a/../b","1"]',
    'IngestionRequest:["crm",""]',
    'IngestionTransition:[".."]',
    `Mapping:["${'x'.repeat(300)}"]`,
  ].map((text) => Buffer.from(text).toString('base64url'));
  expect(await ask(`{ nodes(ids: ${JSON.stringify(forged)}) { id } }`)).toEqual({
    data: { nodes: forged.map(() => null) },
  });
});

it('lists mappings in pages', async () => {
  for (const [index, mappingId] of ['b', 'a', 'c'].entries()) await run(mappingId, index + 1);
  const page = async (after: string | null) =>
    (
      await ask(`{ mappings(first: 2, after: ${JSON.stringify(after)}) {
        nodes { mappingId } pageInfo { hasNextPage endCursor }
      } }`)
    ).data.mappings;
  const first = await page(null);
  expect(first.nodes).toEqual([{ mappingId: 'a' }, { mappingId: 'b' }]);
  expect(first.pageInfo.hasNextPage).toBe(true);
  const second = await page(first.pageInfo.endCursor);
  expect(second.nodes).toEqual([{ mappingId: 'c' }]);
  expect(second.pageInfo.hasNextPage).toBe(false);
  expect((await ask('{ mappings(after: "x") { nodes { id } } }')).errors).toMatchObject([
    { extensions: { code: 'CURSOR_INVALID' } },
  ]);
  expect((await ask('{ mappings(first: 0) { nodes { id } } }')).errors).toMatchObject([
    { extensions: { code: 'BAD_USER_INPUT' } },
  ]);
});

it('lists the requests of a mapping, filtered and in pages', async () => {
  await run('crm', 1);
  await run('web', 2);
  await run('crm', 3);
  const requests = async (args: string) =>
    (
      await ask(`{ mapping(mappingId: "crm") { requests(${args}) {
      edges { cursor } nodes { requestId } pageInfo { hasNextPage endCursor }
    } } }`)
    ).data.mapping.requests;
  const first = await requests('first: 1');
  expect(first.nodes).toEqual([{ requestId: '3' }]);
  const { hasNextPage, endCursor } = first.pageInfo;
  expect(hasNextPage).toBe(true);
  expect((await requests(`first: null, after: "${endCursor}"`)).nodes).toEqual([
    { requestId: '1' },
  ]);
  expect((await requests('filter: { statuses: [FAILED] }')).nodes).toEqual([]);
  expect((await requests('filter: { mappingIds: ["web"] }')).nodes).toEqual([]);
  const some = await ask(
    '{ mappings(first: null, filter: { mappingIds: ["web", "none"] }) { nodes { mappingId } } }',
  );
  expect(some.data.mappings.nodes).toEqual([{ mappingId: 'web' }]);
});

it('computes usual durations from past runs, and none from fewer than five', () => {
  expect(toUsualDuration([1, 2, 3, 4])).toBeNull();
  expect(toUsualDuration([50, 10, 20, 40, 30])).toEqual({ runs: 5, p50Ms: 30, p95Ms: 50 });
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  expect(toUsualDuration(hundred)).toEqual({ runs: 100, p50Ms: 50, p95Ms: 95 });
});
