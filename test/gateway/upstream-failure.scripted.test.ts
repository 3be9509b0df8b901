import { afterEach, describe, expect, it } from '@jest/globals';
import { IngestionStatusDocument } from '../generated/operations.js';
import { startAnswers, statusAnswers } from '../support/campaign-answers.js';
import { ask, mappingId, start, useScriptedGateway } from '../support/scripted-gateway.js';
import {
  hang,
  json,
  reset,
  type ScriptedAnswer,
  text,
  truncated,
} from '../support/scripted-upstream.js';

const envelope = (status: number, error_code: string, message = 'x', headers = {}) =>
  json(status, { error_code, message }, { 'x-request-id': 'up-1', ...headers });

/** Name, the upstream's answer, the code, further details of the error, whether a start's outcome is unknown. */
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

  // One gateway for all, so that each failure follows the others.
  const gateway = useScriptedGateway('all');
  afterEach(async () => {
    healthyId += 1;
    gateway.upstream.otherwise(json(200, statusAnswers.success(mappingId, healthyId)));
    const healthy = { mappingId, requestId: String(healthyId) };
    const { data, errors } = await gateway.client.execute(IngestionStatusDocument, healthy);
    expect(errors).toBeUndefined();
    expect(data?.ingestionStatus).toMatchObject({ status: 'SUCCESS' });
  });

  it.each(failures)(
    'is reported for a start: %s',
    async (_name, answer, code, details, isUnknown) => {
      gateway.upstream.otherwise(answer);
      const callsBefore = gateway.upstream.calls.length;
      const { data, errors } = await start(gateway);
      expect(errors).toBeUndefined();
      const upstreamSaid = Object.keys(details).length === 0 ? {} : { upstream: details };
      expect(data?.startIngestion).toMatchObject({
        __typename: 'StartIngestionError',
        mappingId,
        code,
        outcomeUnknown: isUnknown,
        ...upstreamSaid,
      });
      // The gateway never sends a start again on its own.
      expect(gateway.upstream.calls).toHaveLength(callsBefore + 1);
    },
  );

  it.each(failures)(
    'is reported for a status question: %s',
    async (_name, answer, code, details) => {
      gateway.upstream.otherwise(answer);
      const { data, errors } = await ask(gateway);
      expect(data).toEqual({ ingestionStatus: null });
      expect(errors?.[0]?.extensions).toMatchObject({ code });
      expect(errors?.[0]?.extensions?.upstream ?? {}).toMatchObject(details);
      expect(errors?.[0]?.extensions).not.toHaveProperty('outcomeUnknown');
    },
  );

  it('is reported for a status question: another request’s answer', async () => {
    gateway.upstream.otherwise(json(200, statusAnswers.success(mappingId, 9999)));
    const { errors } = await ask(gateway);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'UPSTREAM_INVALID_RESPONSE' });
  });
});

describe('a lasting failure of the upstream', () => {
  const gateway = useScriptedGateway('each');

  it('is reported as an outage', async () => {
    await gateway.upstream.close();
    const { data } = await start(gateway);
    expect(data?.startIngestion).toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      outcomeUnknown: false,
    });
    expect((await ask(gateway)).errors?.[0]?.extensions).toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
    });
  });

  it('is reported as a rate limit with its delay', async () => {
    gateway.upstream.otherwise(
      envelope(429, '429050', 'Too many requests', { 'retry-after': '7' }),
    );
    const { errors } = await ask(gateway);
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'UPSTREAM_RATE_LIMITED',
      retryAfterMs: expect.any(Number),
    });
  });

  it('reveals nothing of the body, the token or the key', async () => {
    const planted = 'planted-upstream-body';
    gateway.upstream.otherwise(text(500, `<html>${planted}</html>`));
    const answers = JSON.stringify([await start(gateway), await ask(gateway)]);
    for (const secret of [planted, 'planted-access-token', 'planted-api-key']) {
      expect(answers).not.toContain(secret);
      expect(JSON.stringify(gateway.logLines)).not.toContain(secret);
    }
  });
});
