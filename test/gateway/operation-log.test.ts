import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  IngestionStatusChangedDocument,
  IngestionStatusDocument,
  StartIngestionDocument,
} from '../generated/operations.js';
import { startAnswers, statusAnswers } from '../support/campaign-answers.js';
import { readMetric } from '../support/metrics.js';
import { askSocket, openSocket } from '../support/raw-socket.js';
import {
  json,
  type ScriptedAnswer,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.js';
import {
  API_KEY,
  ORGANIZATION,
  startTestGateway,
  type TestGateway,
} from '../support/test-gateway.js';

const ref = { mappingId: 'XDM44', requestId: '3520' };
const running = json(200, statusAnswers.inProgress('XDM44', 3520));
const finished = json(200, statusAnswers.success('XDM44', 3520));

let upstream: ScriptedUpstream;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startScriptedUpstream();
  upstream.otherwise(finished);
});

afterEach(async () => {
  await gateway.stop();
  await upstream.close();
});

async function post(operation: unknown): Promise<unknown> {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(operation),
  });
  return response.json();
}

describe('the log', () => {
  const operationLines = () => gateway.logLines.filter(({ transport }) => transport !== undefined);
  const look = '(mappingId: "XDM44", requestId: "3520", maxAgeMs: 0) { status }';
  const forbidden = json(403, { error_code: '403003', message: 'Api Key is invalid' });

  const cases: [string, object, ScriptedAnswer, Record<string, unknown>][] = [
    [
      'a query',
      { query: `query Where { ingestionStatus${look} }` },
      finished,
      { type: 'query', name: 'Where', outcome: 'ok', msg: 'query Where: ok' },
    ],
    [
      'a query without a name',
      { query: `{ ingestionStatus${look} }` },
      finished,
      { type: 'query', name: null, outcome: 'ok', msg: 'query (unnamed): ok' },
    ],
    [
      'a mutation',
      { query: 'mutation Go { startIngestion(input: { mappingId: "M" }) { __typename } }' },
      json(200, startAnswers.notStopped('M')),
      { type: 'mutation', name: 'Go', outcome: 'ok', msg: 'mutation Go: ok' },
    ],
    [
      'the one of several operations that is named',
      { query: 'query A { __typename } query B { __typename }', operationName: 'B' },
      finished,
      { type: 'query', name: 'B', outcome: 'ok', msg: 'query B: ok' },
    ],
    [
      'an operation that fails upstream, twice in the same way',
      { query: `query Where { a: ingestionStatus${look} b: ingestionStatus${look} }` },
      forbidden,
      { type: 'query', name: 'Where', outcome: 'UPSTREAM_FORBIDDEN' },
    ],
    [
      'an operation that fails in two ways',
      {
        query: `query Where { a: ingestionStatus${look}
          b: ingestionStatus(mappingId: "", requestId: "1") { status } }`,
      },
      forbidden,
      { type: 'query', name: 'Where', outcome: 'BAD_USER_INPUT UPSTREAM_FORBIDDEN' },
    ],
    [
      'variables that do not fit',
      { query: 'query Where($id: ID!) { node(id: $id) { id } }' },
      finished,
      { type: 'query', name: 'Where', outcome: 'BAD_USER_INPUT' },
    ],
    [
      'a document that is not valid',
      { query: 'query Where { nod foo }' },
      finished,
      { type: 'invalid', name: null, outcome: 'GRAPHQL_VALIDATION_FAILED' },
    ],
    [
      'a document that cannot be read',
      { query: '{' },
      finished,
      { type: 'invalid', name: null, outcome: 'GRAPHQL_PARSE_FAILED' },
    ],
    [
      'an operation that is not there',
      { query: 'query A { __typename }', operationName: 'B' },
      finished,
      { type: 'invalid', name: null, outcome: 'OPERATION_RESOLUTION_FAILURE' },
    ],
  ];

  it.each(cases)(
    'has one line, the same on both transports, for %s',
    async (_what, operation, answer, line) => {
      gateway = await startTestGateway(upstream.url);
      upstream.otherwise(answer);
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

  it('has one line for a subscription, whether it is opened or not', async () => {
    gateway = await startTestGateway(upstream.url);
    await gateway.client.subscribe(IngestionStatusChangedDocument, ref).completed;
    const refused = gateway.client.subscribe(IngestionStatusChangedDocument, {
      ...ref,
      after: 'forged',
    });
    await expect(refused.completed).rejects.toHaveLength(1);
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

  it('counts the same operations at /metrics', async () => {
    gateway = await startTestGateway(upstream.url);
    await post({ query: '{ __typename }' });
    await post({ query: '{ nod }' });
    await post({ query: '{ node(id: ""' });
    const count = (labels: string) =>
      readMetric(gateway.url, `sluice_operation_duration_seconds_count{${labels}}`);
    expect(await count('transport="http",type="query",outcome="ok"')).toBe(1);
    expect(await count('transport="http",type="invalid",outcome="error"')).toBe(2);
  });

  it('has none of the secrets at the level debug, nor has any answer, also where the upstream says them', async () => {
    const secret = 'planted-client-secret';
    const token = 'planted-fetched-token';
    const ims = await startScriptedUpstream();
    ims.otherwise(json(200, { access_token: token, token_type: 'bearer', expires_in: 3600 }));
    gateway = await startTestGateway(upstream.url, {
      upstream: {
        kind: 'remote',
        identity: 'a scripted upstream',
        url: new URL(upstream.url),
        organization: ORGANIZATION,
        apiKey: API_KEY,
        token: {
          kind: 'clientCredentials',
          imsUrl: ims.url,
          clientId: 'client',
          clientSecret: secret,
          scopes: ['openid'],
        },
      },
    });
    const answers: unknown[] = [];
    const tell = async () => {
      answers.push(await gateway.client.execute(IngestionStatusDocument, { ...ref, maxAgeMs: 0 }));
      answers.push(await gateway.client.execute(StartIngestionDocument, { mappingId: 'XDM44' }));
      answers.push(await (await fetch(`${gateway.url}/readyz`)).text());
    };
    upstream.otherwise(running);
    await tell();
    for (const status of [200, 400, 401, 403, 429, 500]) {
      // All but the codes and ids, which are passed on as they are.
      upstream.otherwise((response, call) => {
        const said = JSON.stringify([call.headers, token]);
        json(status, { error_code: '1', message: said, title: said, status: said })(response, call);
      });
      await tell();
    }
    await untilPollFailed();
    ims.otherwise((response, call) => json(400, { error: call.body })(response, call));
    upstream.otherwise(json(401, { error_code: '401013', message: token }));
    await tell();
    await ims.close();
    await upstream.close();
    await tell();

    // They were really used, and a lot was logged.
    expect(ims.calls[0]?.body).toContain(secret);
    expect(upstream.calls[0]?.headers).toMatchObject({
      authorization: `Bearer ${token}`,
      'x-api-key': API_KEY,
    });
    expect(gateway.logLines.length).toBeGreaterThan(20);
    const said = JSON.stringify([gateway.logLines, answers]);
    for (const planted of [secret, token, API_KEY]) expect(said).not.toContain(planted);
  });

  async function untilPollFailed(): Promise<void> {
    while (!gateway.logLines.some(({ msg }) => String(msg).startsWith('A poll failed'))) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
});
