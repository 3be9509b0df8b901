import { describe, expect, it } from '@jest/globals';
import { startAnswers, statusAnswers } from '../../support/campaign-answers.js';
import {
  endless,
  json,
  raw,
  reset,
  type ScriptedAnswer,
  text,
  truncated,
} from '../../support/scripted-upstream.js';
import {
  asking,
  failureOf,
  passBackoff,
  polling,
  ref,
  releaseAfterEachTest,
  setUp,
} from './campaign-harness.js';

releaseAfterEachTest();

const gateway = (error_code: string, message: string) => ({ error_code, message });
const oops = { code: 500, message: 'Oops. Something went wrong. Check your URI and try again.' };
const rst = 'RST-360011 An error has occurred - please contact your administrator.';

interface Row {
  readonly name: string;
  readonly answer: ScriptedAnswer;
  readonly code: string;
  readonly upstream?: object;
  /** Whether a start with this answer may have been accepted. */
  readonly isUnknown: boolean;
  /** How often a status question is sent before it fails. */
  readonly attempts?: number;
}

const enveloped = (
  status: number,
  errorCode: string,
  message: string,
  code: string,
  attempts = 1,
): Row => ({
  name: `${status} ${errorCode}`,
  answer: json(status, gateway(errorCode, message), { 'x-request-id': 'req-1' }),
  code,
  upstream: { status, errorCode, requestId: 'req-1' },
  isUnknown: false,
  attempts,
});

const rows: readonly Row[] = [
  enveloped(403, '403000', 'Api Key is required', 'UPSTREAM_FORBIDDEN'),
  enveloped(403, '403003', 'Api Key is invalid', 'UPSTREAM_FORBIDDEN'),
  enveloped(403, '403010', 'Oauth token is missing.', 'UPSTREAM_UNAUTHENTICATED'),
  enveloped(401, '401013', 'Oauth token is not valid', 'UPSTREAM_UNAUTHENTICATED'),
  enveloped(403, '403023', 'Profile is not valid', 'UPSTREAM_FORBIDDEN'),
  enveloped(429, '429050', 'Too many requests', 'UPSTREAM_RATE_LIMITED', 3),
  enveloped(429, '429001', 'Service usage limit reached', 'UPSTREAM_RATE_LIMITED', 3),
  enveloped(503, '503000', 'Could not validate Api Key', 'UPSTREAM_UNAVAILABLE', 3),
  enveloped(503, '503010', 'Could not validate the oauth token', 'UPSTREAM_UNAVAILABLE', 3),
  ...[500, 502].map((status) => ({
    name: `${status} of the router`,
    answer: json(status, oops),
    code: 'UPSTREAM_UNAVAILABLE',
    upstream: { status, errorCode: '500' },
    isUnknown: true,
    attempts: 3,
  })),
  {
    name: '500 with the plain text of Campaign',
    answer: text(500, rst),
    code: 'UPSTREAM_UNAVAILABLE',
    upstream: { status: 500, errorCode: 'RST-360011' },
    isUnknown: true,
    attempts: 3,
  },
  {
    name: '503 that the gateway did not write',
    answer: text(503, '<h1>Maintenance</h1>'),
    code: 'UPSTREAM_UNAVAILABLE',
    upstream: { status: 503 },
    isUnknown: true,
    attempts: 3,
  },
  {
    name: '504',
    answer: text(504, 'GatewayTimeout'),
    code: 'UPSTREAM_TIMEOUT',
    upstream: { status: 504 },
    isUnknown: true,
    attempts: 3,
  },
  {
    name: '401 without an envelope',
    answer: text(401, 'no'),
    code: 'UPSTREAM_UNAUTHENTICATED',
    upstream: { status: 401 },
    isUnknown: false,
  },
  {
    name: '403 with an undocumented Failed body',
    answer: json(403, { status: 'Failed', info: 'No role', requestId: 3520, batchId: '' }),
    code: 'UPSTREAM_FORBIDDEN',
    upstream: { status: 403 },
    isUnknown: false,
  },
  {
    name: '400 with an unusable body',
    answer: text(400, 'Bad Request'),
    code: 'UPSTREAM_INVALID_RESPONSE',
    upstream: { status: 400 },
    isUnknown: false,
  },
  ...[300, 301, 302, 303, 307, 308].map((status) => ({
    name: `a redirect, which is not followed: ${status}`,
    answer: text(status, '<p>Moved</p>', { location: '/elsewhere' }),
    code: 'UPSTREAM_INVALID_RESPONSE',
    upstream: { status },
    // "See other": the call was accepted, and its result is elsewhere.
    isUnknown: status === 303,
  })),
  {
    name: '503 with a short gateway message',
    answer: json(503, { error_code: '503010' }),
    code: 'UPSTREAM_UNAVAILABLE',
    upstream: { status: 503, errorCode: '503010' },
    isUnknown: false,
    attempts: 3,
  },
  {
    name: '200 with HTML',
    answer: text(200, '<p>Hello</p>'),
    code: 'UPSTREAM_INVALID_RESPONSE',
    upstream: { status: 200 },
    isUnknown: true,
    attempts: 3,
  },
  {
    name: '200 with an empty body',
    answer: text(200, ''),
    code: 'UPSTREAM_INVALID_RESPONSE',
    upstream: { status: 200 },
    isUnknown: true,
    attempts: 3,
  },
  {
    name: '200 with an unknown status',
    answer: json(200, { status: 'Queued', info: '', requestId: 3520 }),
    code: 'UPSTREAM_INVALID_RESPONSE',
    upstream: { status: 200 },
    isUnknown: true,
  },
  {
    name: '400 with an answer of an unknown status',
    answer: json(400, { status: 'Queued', info: '', requestId: 3520 }),
    code: 'UPSTREAM_INVALID_RESPONSE',
    upstream: { status: 400 },
    isUnknown: true,
  },
  {
    name: '200 about another mapping',
    answer: json(200, {
      ...statusAnswers.inProgress('XDM45', 3520),
      info: 'Ingestion request already in progress for the Mapping ID: XDM45',
    }),
    code: 'UPSTREAM_INVALID_RESPONSE',
    upstream: { status: 200 },
    isUnknown: true,
  },
  {
    name: 'an endless body',
    answer: endless(),
    code: 'UPSTREAM_INVALID_RESPONSE',
    isUnknown: true,
  },
  {
    name: 'a body that announces more than 1 MiB',
    answer: text(200, 'x'.repeat(1024 * 1024 + 1), { 'content-length': String(1024 * 1024 + 1) }),
    code: 'UPSTREAM_INVALID_RESPONSE',
    isUnknown: true,
  },
  {
    name: 'an answer that is not HTTP',
    answer: raw('Hello, who is there?\r\n\r\n'),
    code: 'UPSTREAM_INVALID_RESPONSE',
    isUnknown: true,
  },
  {
    name: 'a cut connection',
    answer: reset(),
    code: 'UPSTREAM_UNAVAILABLE',
    isUnknown: true,
    attempts: 3,
  },
  {
    name: 'half an answer',
    answer: truncated(200, JSON.stringify(startAnswers.submitted('XDM44', 1))),
    code: 'UPSTREAM_UNAVAILABLE',
    isUnknown: true,
    attempts: 3,
  },
];

describe.each(rows)('$name', ({ answer, code, upstream: details, isUnknown, attempts = 1 }) => {
  it(`fails a start with ${code}, and the start is never repeated`, async () => {
    const { upstream, campaign, reported } = await setUp();
    upstream.otherwise(answer);
    const error = await failureOf(campaign.start('XDM44', 'somebody'));
    expect(error.code).toBe(code);
    expect(error.outcomeUnknown).toBe(isUnknown);
    expect(error.upstream).toEqual(details);
    expect(error.message.includes('It is unknown whether')).toBe(isUnknown);
    expect(reported).toMatchObject([{ operation: 'start', outcome: code }]);
    expect(upstream.calls).toHaveLength(1);
  });

  it(`fails a status with ${code} after ${attempts} attempts`, async () => {
    const { upstream, campaign, clock, reported } = await setUp();
    upstream.otherwise(answer);
    const failure = failureOf(campaign.status(ref, polling));
    for (let i = 1; i < attempts; i += 1) await passBackoff(clock, 2_000);
    const error = await failure;
    expect(error.code).toBe(code);
    expect(error.outcomeUnknown).toBe(false);
    expect(error.upstream).toEqual(details);
    expect(reported).toMatchObject([{ operation: 'status', outcome: code }]);
    expect(upstream.calls).toHaveLength(attempts);
  });
});

describe('a 400 without a documented body', () => {
  it('suggests checking the ids first', async () => {
    const { upstream, campaign } = await setUp();
    upstream.script(text(400, 'RST-360011 An error has occurred'));
    expect((await failureOf(campaign.status(ref, asking))).message).toBe(
      'The upstream answered HTTP 400 with something that the API does not document: check the ids in the call. Operator: check the URL of the upstream and the organization.',
    );
  });
});

describe('secrets', () => {
  it.each(['start', 'status'] as const)(
    'are not in the error of a failed %s, nor is the upstream’s body',
    async (operation) => {
      for (const status of [200, 400, 401, 403, 429, 500, 503]) {
        const { upstream, campaign, clock } = await setUp();
        upstream.otherwise(
          text(status, 'their-secret <script>', { 'x-request-id': `bad id ${'x'.repeat(200)}` }),
        );
        const failure = failureOf(
          operation === 'start'
            ? campaign.start('XDM44', 'somebody')
            : campaign.status(ref, asking),
        );
        if (operation === 'status' && [200, 429, 500, 503].includes(status)) {
          await passBackoff(clock, 2_000);
          await passBackoff(clock, 2_000);
        }
        const shown = JSON.stringify([(await failure).message, (await failure).extensions]);
        expect(shown).not.toMatch(/their-secret|script|token-1|key-1|127\.0\.0\.1|bad id/);
      }
    },
  );
});
