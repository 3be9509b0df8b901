import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  IngestionStatusDocument,
  StartIngestionDocument,
  StartIngestionsDocument,
} from '../generated/operations.js';
import { startAnswers, statusAnswers } from '../support/campaign-answers.js';
import {
  hang,
  json,
  reset,
  type ScriptedAnswer,
  type ScriptedUpstream,
  startScriptedUpstream,
  text,
  truncated,
} from '../support/scripted-upstream.js';
import { startTestGateway, type TestGateway } from '../support/test-gateway.js';

const mappingId = 'XDM44';
const requestId = '3520';

let upstream: ScriptedUpstream;
let gateway: TestGateway;

async function begin(): Promise<void> {
  upstream = await startScriptedUpstream();
  gateway = await startTestGateway(upstream.url);
}

async function end(): Promise<void> {
  await gateway.stop();
  await upstream.close();
}

function useGatewayOfItsOwn(): void {
  beforeEach(begin);
  afterEach(end);
}

const start = () => gateway.client.execute(StartIngestionDocument, { mappingId });
const ask = () => gateway.client.execute(IngestionStatusDocument, { mappingId, requestId });

describe('a documented answer to a start', () => {
  useGatewayOfItsOwn();

  it('submitted becomes a watched request', async () => {
    upstream.script(json(200, startAnswers.submitted(mappingId, 3520)));
    upstream.otherwise(json(200, statusAnswers.inProgress(mappingId, 3520)));
    const { data } = await start();
    expect(data?.startIngestion).toMatchObject({
      __typename: 'IngestionSubmitted',
      message: 'Ingestion request submitted successfully for the Mapping ID: XDM44',
      request: {
        mappingId,
        requestId,
        status: 'IN_PROGRESS',
        isTerminal: false,
        numRecords: null,
        batchId: null,
        failure: null,
        startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        finishedAt: null,
        watch: { consecutiveFailures: 0, lastFailure: null, nextPollAt: expect.any(String) },
      },
    });
    await upstream.arrived(3);
  });

  it('already in progress becomes the running request that somebody else started', async () => {
    upstream.script(json(200, startAnswers.alreadyInProgress(mappingId, '3520')));
    upstream.otherwise(json(200, statusAnswers.inProgress(mappingId, 3520)));
    const { data } = await start();
    expect(data?.startIngestion).toMatchObject({
      __typename: 'IngestionAlreadyInProgress',
      request: { requestId, status: 'IN_PROGRESS', startedAt: null },
    });
    await upstream.arrived(2);
  });

  it.each([
    ['not stopped', 200, startAnswers.notStopped(mappingId), 'MappingNotStopped'],
    ['not stopped, with a 4xx', 400, startAnswers.notStopped(mappingId), 'MappingNotStopped'],
    ['not published', 200, startAnswers.notPublished(mappingId), 'MappingNotPublished'],
    ['not published, with a 4xx', 409, startAnswers.notPublished(mappingId), 'MappingNotPublished'],
    [
      'refused in other words',
      200,
      { info: 'Unable to submit: unknown mapping', status: 'Failed' },
      'IngestionRefused',
    ],
  ])('is reported: %s', async (_title, status, answer, type) => {
    upstream.script(json(status, answer));
    const { data, errors } = await start();
    expect(errors).toBeUndefined();
    expect(data?.startIngestion).toEqual({ __typename: type, mappingId, message: answer.info });
    expect(upstream.calls).toHaveLength(1);
  });
});

describe('a documented answer to a status question', () => {
  useGatewayOfItsOwn();

  it.each([
    [
      'success',
      statusAnswers.success(mappingId, 3520),
      {
        status: 'SUCCESS',
        isTerminal: true,
        numRecords: 15,
        batchId: null,
        info: 'Mapping Id: XDM44. ',
      },
    ],
    [
      'failed, nothing ingested',
      statusAnswers.failedEmpty(mappingId, 3520),
      {
        status: 'FAILED',
        isTerminal: true,
        numRecords: null,
        batchId: null,
        failure: {
          code: 'ACP-880056',
          message: 'Failed to fetch the record from the database.',
          isRetryable: true,
        },
      },
    ],
    [
      'failed after a batch was uploaded',
      statusAnswers.failedInBatch(mappingId, 3520),
      {
        status: 'FAILED',
        numRecords: null,
        batchId: 'b0b1',
        failure: {
          code: 'ACP-880096',
          message: 'Sync Job failed to upload. Please check the error in the Platform UI.',
          isRetryable: false,
        },
      },
    ],
    [
      'aborted by a crash of the service',
      statusAnswers.aborted(mappingId, 3520),
      {
        status: 'ABORTED',
        isTerminal: true,
        numRecords: null,
        failure: { code: null, isRetryable: true },
      },
    ],
    [
      'running',
      statusAnswers.inProgress(mappingId, 3520),
      {
        status: 'IN_PROGRESS',
        isTerminal: false,
        numRecords: null,
        failure: null,
        finishedAt: null,
      },
    ],
  ])('is reported: %s', async (_title, answer, request) => {
    upstream.otherwise(json(200, answer));
    const { data, errors } = await ask();
    expect(errors).toBeUndefined();
    expect(data?.ingestionStatus).toMatchObject({ mappingId, requestId, ...request });
  });

  it('keeps every digit of a request id past 2^53', async () => {
    const longId = '90071992547409931234';
    upstream.otherwise(
      text(200, `{"batchId":"","info":"","numRecords":3,"requestId":${longId},"status":"Success"}`),
    );
    const { data } = await gateway.client.execute(IngestionStatusDocument, {
      mappingId,
      requestId: longId,
    });
    expect(data?.ingestionStatus).toMatchObject({ requestId: longId, numRecords: 3 });
    expect(upstream.calls[0]?.rawPath).toContain(`requestId=${longId}`);
  });

  it('is null for an unknown request', async () => {
    upstream.otherwise(text(404, 'RST-360011 An error has occurred'));
    expect(await ask()).toMatchObject({ data: { ingestionStatus: null }, errors: undefined });
  });
});

const envelope = (status: number, error_code: string, message = 'x', headers = {}) =>
  json(status, { error_code, message }, { 'x-request-id': 'up-1', ...headers });

/** Name, the upstream's answer, the code, what else the error says, whether a start's outcome is unknown. */
const failures: [string, ScriptedAnswer, string, Record<string, unknown>, boolean][] = [
  [
    '403000, key missing',
    envelope(403, '403000'),
    'UPSTREAM_FORBIDDEN',
    { status: 403, errorCode: '403000', requestId: 'up-1' },
    false,
  ],
  [
    '403003, key invalid',
    envelope(403, '403003'),
    'UPSTREAM_FORBIDDEN',
    { status: 403, errorCode: '403003' },
    false,
  ],
  [
    '403010, token missing',
    envelope(403, '403010'),
    'UPSTREAM_UNAUTHENTICATED',
    { status: 403, errorCode: '403010' },
    false,
  ],
  [
    '401013, token invalid',
    envelope(401, '401013'),
    'UPSTREAM_UNAUTHENTICATED',
    { status: 401, errorCode: '401013' },
    false,
  ],
  [
    '403023, profile not valid',
    envelope(403, '403023'),
    'UPSTREAM_FORBIDDEN',
    { errorCode: '403023' },
    false,
  ],
  [
    '429050, too many requests',
    envelope(429, '429050'),
    'UPSTREAM_RATE_LIMITED',
    { status: 429, errorCode: '429050' },
    false,
  ],
  [
    '429001, usage limit reached',
    envelope(429, '429001'),
    'UPSTREAM_RATE_LIMITED',
    { errorCode: '429001' },
    false,
  ],
  [
    '503000, key not checked',
    envelope(503, '503000'),
    'UPSTREAM_UNAVAILABLE',
    { status: 503, errorCode: '503000' },
    false,
  ],
  [
    '503010, token not checked',
    envelope(503, '503010'),
    'UPSTREAM_UNAVAILABLE',
    { status: 503, errorCode: '503010' },
    false,
  ],
  [
    'a wrong organization',
    json(500, { code: 500, message: 'Oops. Something went wrong. Check your URI and try again.' }),
    'UPSTREAM_UNAVAILABLE',
    { status: 500, errorCode: '500' },
    true,
  ],
  [
    'a Campaign error',
    text(500, 'RST-360011 An error has occurred - please contact your administrator.'),
    'UPSTREAM_UNAVAILABLE',
    { status: 500 },
    true,
  ],
  ['a gateway timeout', text(504, 'GatewayTimeout'), 'UPSTREAM_TIMEOUT', { status: 504 }, true],
  [
    'a maintenance page',
    text(503, '<html>Down for maintenance</html>'),
    'UPSTREAM_UNAVAILABLE',
    { status: 503 },
    true,
  ],
  ['a cut connection', reset(), 'UPSTREAM_UNAVAILABLE', {}, true],
  ['no answer', hang(), 'UPSTREAM_TIMEOUT', {}, true],
  ['HTML', text(200, '<html>Sign in</html>'), 'UPSTREAM_INVALID_RESPONSE', { status: 200 }, true],
  ['half an answer', truncated(200, '{"requestId":'), 'UPSTREAM_UNAVAILABLE', {}, true],
  ['JSON of another kind', json(200, [1, 2]), 'UPSTREAM_INVALID_RESPONSE', {}, true],
  [
    'an unknown status',
    json(200, { requestId: 3520, info: '', status: 'Paused' }),
    'UPSTREAM_INVALID_RESPONSE',
    {},
    true,
  ],
  [
    'another mapping’s answer',
    json(200, startAnswers.submitted('OTHER', 1)),
    'UPSTREAM_INVALID_RESPONSE',
    {},
    true,
  ],
];

describe('a failure of the upstream', () => {
  let healthyId = 1_000_000;

  // One gateway for all: each failure is met by one that has had the others.
  beforeAll(begin);
  afterAll(end);
  afterEach(async () => {
    healthyId += 1;
    upstream.otherwise(json(200, statusAnswers.success(mappingId, healthyId)));
    const healthy = { mappingId, requestId: String(healthyId) };
    const { data, errors } = await gateway.client.execute(IngestionStatusDocument, healthy);
    expect(errors).toBeUndefined();
    expect(data?.ingestionStatus).toMatchObject({ status: 'SUCCESS' });
  });

  it.each(failures)(
    'is reported for a start: %s',
    async (_name, answer, code, details, isUnknown) => {
      upstream.otherwise(answer);
      const callsBefore = upstream.calls.length;
      const { data, errors } = await start();
      expect(errors).toBeUndefined();
      const upstreamSaid = Object.keys(details).length === 0 ? {} : { upstream: details };
      expect(data?.startIngestion).toMatchObject({
        __typename: 'StartIngestionError',
        mappingId,
        code,
        outcomeUnknown: isUnknown,
        ...upstreamSaid,
      });
      // Once: a start is never sent again by itself.
      expect(upstream.calls).toHaveLength(callsBefore + 1);
    },
  );

  it.each(failures)(
    'is reported for a status question: %s',
    async (_name, answer, code, details) => {
      upstream.otherwise(answer);
      const { data, errors } = await ask();
      expect(data).toEqual({ ingestionStatus: null });
      expect(errors?.[0]?.extensions).toMatchObject({ code });
      expect(errors?.[0]?.extensions?.upstream ?? {}).toMatchObject(details);
      expect(errors?.[0]?.extensions).not.toHaveProperty('outcomeUnknown');
    },
  );

  it('is reported for a status question: another request’s answer', async () => {
    upstream.otherwise(json(200, statusAnswers.success(mappingId, 9999)));
    const { errors } = await ask();
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'UPSTREAM_INVALID_RESPONSE' });
  });
});

describe('a lasting failure of the upstream', () => {
  useGatewayOfItsOwn();

  it('is reported as an outage', async () => {
    await upstream.close();
    const { data } = await start();
    expect(data?.startIngestion).toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      outcomeUnknown: false,
    });
    expect((await ask()).errors?.[0]?.extensions).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });

  it('is reported as a rate limit with its delay', async () => {
    upstream.otherwise(envelope(429, '429050', 'Too many requests', { 'retry-after': '7' }));
    const { errors } = await ask();
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'UPSTREAM_RATE_LIMITED',
      retryAfterMs: expect.any(Number),
    });
  });

  it('reveals nothing of the body, the token or the key', async () => {
    const planted = 'planted-upstream-body';
    upstream.otherwise(text(500, `<html>${planted}</html>`));
    const answers = JSON.stringify([await start(), await ask()]);
    for (const secret of [planted, 'planted-access-token', 'planted-api-key']) {
      expect(answers).not.toContain(secret);
      expect(JSON.stringify(gateway.logLines)).not.toContain(secret);
    }
  });
});

describe('starts in one call', () => {
  useGatewayOfItsOwn();

  it('have one outcome each, in order, and a failed one does not hide the others', async () => {
    upstream.otherwise((response, call) => {
      const mapping = decodeURIComponent(call.rawPath.split('/').at(-2) ?? '');
      if (call.method === 'GET') json(200, statusAnswers.inProgress(mapping, 1))(response, call);
      else if (mapping === 'broken') text(504, 'GatewayTimeout')(response, call);
      else if (mapping === 'closed') json(200, startAnswers.notPublished(mapping))(response, call);
      else json(200, startAnswers.submitted(mapping, 1))(response, call);
    });
    const inputs = ['a', 'broken', 'closed', 'b'].map((id) => ({ mappingId: id }));
    const { data, errors } = await gateway.client.execute(StartIngestionsDocument, { inputs });
    expect(errors).toBeUndefined();
    expect(data?.startIngestions).toMatchObject([
      { __typename: 'IngestionSubmitted', request: { mappingId: 'a' } },
      {
        __typename: 'StartIngestionError',
        mappingId: 'broken',
        code: 'UPSTREAM_TIMEOUT',
        outcomeUnknown: true,
      },
      { __typename: 'MappingNotPublished', mappingId: 'closed' },
      { __typename: 'IngestionSubmitted', request: { mappingId: 'b' } },
    ]);
  });
});
