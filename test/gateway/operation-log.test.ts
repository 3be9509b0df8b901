import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { IngestionStatusChangedDocument } from '../generated/operations.js';
import { readMetric } from '../support/metrics.js';
import { askSocket, openSocket } from '../support/raw-socket.js';
import { startTestUpstream } from '../support/start-test-upstream.js';
import { startTestGateway, type TestGateway } from '../support/test-gateway.js';
import { oddMappings, type TestUpstream } from '../support/test-upstream.js';

const ref = { mappingId: 'XDM44', requestId: '3520' };

let upstream: TestUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startTestUpstream();
  await upstream.startElsewhere('XDM44');
  await upstream.finish();
});

afterAll(() => upstream.close());

beforeEach(async () => {
  gateway = await startTestGateway(upstream.config);
});

afterEach(() => gateway.stop());

async function post(operation: unknown): Promise<unknown> {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(operation),
  });
  return response.json();
}

describe('the operation log', () => {
  const operationLines = () => gateway.logLines.filter(({ transport }) => transport !== undefined);
  const look = '(mappingId: "XDM44", requestId: "3520", maxAgeMs: 0) { status }';
  const forbidden = look.replace('XDM44', oddMappings.forbidden);

  const cases: [string, object, Record<string, unknown>][] = [
    [
      'a query',
      { query: `query Where { ingestionStatus${look} }` },
      { type: 'query', name: 'Where', outcome: 'ok', msg: 'query Where: ok' },
    ],
    [
      'a query without a name',
      { query: `{ ingestionStatus${look} }` },
      { type: 'query', name: null, outcome: 'ok', msg: 'query (unnamed): ok' },
    ],
    [
      'a mutation',
      {
        query: `mutation Go {
          startIngestion(input: { mappingId: "${oddMappings.unpublished}" }) { __typename } }`,
      },
      { type: 'mutation', name: 'Go', outcome: 'ok', msg: 'mutation Go: ok' },
    ],
    [
      'the one of several operations that is named',
      { query: 'query A { __typename } query B { __typename }', operationName: 'B' },
      { type: 'query', name: 'B', outcome: 'ok', msg: 'query B: ok' },
    ],
    [
      'an operation that fails upstream, twice in the same way',
      { query: `query Where { a: ingestionStatus${forbidden} b: ingestionStatus${forbidden} }` },
      { type: 'query', name: 'Where', outcome: 'UPSTREAM_FORBIDDEN' },
    ],
    [
      'an operation that fails in two ways',
      {
        query: `query Where { a: ingestionStatus${forbidden}
          b: ingestionStatus(mappingId: "", requestId: "1") { status } }`,
      },
      { type: 'query', name: 'Where', outcome: 'BAD_USER_INPUT UPSTREAM_FORBIDDEN' },
    ],
    [
      'variables that do not fit',
      { query: 'query Where($id: ID!) { node(id: $id) { id } }' },
      { type: 'query', name: 'Where', outcome: 'BAD_USER_INPUT' },
    ],
    [
      'a document that is not valid',
      { query: 'query Where { nod foo }' },
      { type: 'invalid', name: null, outcome: 'GRAPHQL_VALIDATION_FAILED' },
    ],
    [
      'a document that cannot be read',
      { query: '{' },
      { type: 'invalid', name: null, outcome: 'GRAPHQL_PARSE_FAILED' },
    ],
    [
      'an unknown operation name',
      { query: 'query A { __typename }', operationName: 'B' },
      { type: 'invalid', name: null, outcome: 'OPERATION_RESOLUTION_FAILURE' },
    ],
  ];

  it.each(cases)(
    'has one line for %s, the same on both transports',
    async (_what, operation, line) => {
      const socket = await openSocket(gateway.url);
      await post(operation);
      await askSocket(socket, operation);
      await socket.close();
      expect(operationLines()).toEqual([
        expect.objectContaining({ ...line, transport: 'http', durationMs: expect.any(Number) }),
        expect.objectContaining({
          ...line,
          transport: 'websocket',
          durationMs: expect.any(Number),
        }),
      ]);
      expect(operationLines().every(({ durationMs }) => Number.isInteger(durationMs))).toBe(true);
    },
  );

  it('has one line for a subscription, whether or not it is opened', async () => {
    await gateway.client.subscribe(IngestionStatusChangedDocument, ref).completed;
    const refused = gateway.client.subscribe(IngestionStatusChangedDocument, {
      ...ref,
      after: 'forged',
    });
    expect(await refused.completed).toHaveLength(1);
    const line = { transport: 'websocket', type: 'subscription', name: 'IngestionStatusChanged' };
    expect(operationLines()).toEqual([
      expect.objectContaining({ ...line, outcome: 'ok', durationMs: expect.any(Number) }),
      expect.objectContaining({
        ...line,
        outcome: 'CURSOR_INVALID',
        durationMs: expect.any(Number),
      }),
    ]);
  });

  it('has successful queries at the level debug', async () => {
    await post({ query: `{ ingestionStatus${look} }` });
    await post({ query: '{ nod }' });
    await post({ query: 'mutation Go { startIngestions(inputs: []) { __typename } }' });
    expect(operationLines().map(({ level }) => level)).toEqual([20, 30, 30]);
  });

  it('counts the same operations in /metrics', async () => {
    await post({ query: '{ __typename }' });
    await post({ query: '{ nod }' });
    await post({ query: '{ node(id: ""' });
    const count = (labels: string) =>
      readMetric(gateway.url, `sluice_operation_duration_seconds_count{${labels}}`);
    expect(await count('transport="http",type="query",outcome="ok"')).toBe(1);
    expect(await count('transport="http",type="invalid",outcome="error"')).toBe(2);
  });
});
