import { describe, expect, it } from '@jest/globals';
import { createTokenSource } from '../../../src/datasources/upstream/ims-token.datasource.js';
import type { ClientCredentials } from '../../../src/datasources/upstream/ims-token.wire.js';
import { startAnswers, statusAnswers } from '../../support/campaign-answers.js';
import { createManualClock } from '../../support/manual-clock.js';
import { hang, held, json, raw, reset, text } from '../../support/scripted-upstream.js';
import {
  asking,
  failureOf,
  polling,
  ref,
  releaseAfterTest,
  scripted,
  setUp,
} from './campaign-harness.js';

const HOUR_MS = 60 * 60 * 1000;
const granted = (token: string, expiresInSeconds = 86_399) =>
  json(200, { access_token: token, token_type: 'bearer', expires_in: expiresInSeconds });
const rejected = json(401, { error_code: '401013', message: 'Oauth token is not valid' });
const submitted = json(200, startAnswers.submitted('XDM44', 3520));

function credentialsFor(imsUrl: string): ClientCredentials {
  return {
    kind: 'clientCredentials',
    imsUrl,
    clientId: 'client 1',
    clientSecret: 's3cret&=',
    scopes: ['openid', 'AdobeID'],
  };
}

async function setUpTokens(timeoutMs = 10_000) {
  const ims = await scripted();
  const clock = createManualClock();
  const fetches: [string, number][] = [];
  const failed = Promise.withResolvers<void>();
  const tokens = createTokenSource(credentialsFor(ims.url), {
    clock,
    timeoutMs,
    onFetch: (outcome, durationMs) => {
      fetches.push([outcome, durationMs]);
      if (outcome !== 'OK') failed.resolve();
    },
  });
  releaseAfterTest(() => tokens.close());
  return { ims, clock, tokens, fetches, failed: failed.promise };
}

/** A datasource whose tokens come from a scripted token service. */
async function setUpCampaign(timeoutMs = 30_000) {
  const ims = await scripted();
  return { ims, ...(await setUp({ token: credentialsFor(ims.url), timeoutMs })) };
}

describe('a fetched token', () => {
  it('is requested as documented', async () => {
    const { ims, tokens, fetches } = await setUpTokens();
    ims.script(granted('t1'));
    expect(await tokens.token()).toBe('t1');
    expect(ims.calls).toMatchObject([
      {
        method: 'POST',
        rawPath: '/ims/token/v3',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'grant_type=client_credentials&client_id=client+1&client_secret=s3cret%26%3D&scope=openid%2CAdobeID',
      },
    ]);
    expect(fetches).toEqual([['OK', 0]]);
  });

  it.each([
    ['a text', { expires_in: ' 86399 ' }, 24 * HOUR_MS - 301_000],
    ['a fraction', { expires_in: 59.5 }, 53_550],
    ['milliseconds', { expires_in: 86_399_998 }, 24 * HOUR_MS - 300_000],
    ['infinite', { expires_in: 1e300 }, 24 * HOUR_MS - 300_000],
    ['left out', {}, 270_000],
    ['null', { expires_in: null }, 270_000],
    ['nothing', { expires_in: 0 }, 270_000],
    ['words', { expires_in: 'a day' }, 270_000],
    ['left out, as is its type', { token_type: null }, 270_000],
  ])('is renewed in time when its lifetime is %s', async (_, fields, renewAfterMs) => {
    const { ims, clock, tokens } = await setUpTokens(HOUR_MS);
    ims.script(json(200, { access_token: 't1', token_type: 'Bearer', ...fields }), granted('t2'));
    expect(await tokens.token()).toBe('t1');
    await clock.advance(renewAfterMs - 1);
    expect(await tokens.token()).toBe('t1');
    expect(ims.calls).toHaveLength(1);
    await clock.advance(1);
    await tokens.token();
    await ims.arrived(2);
  });

  it('is fetched once for all concurrent callers', async () => {
    const { ims, tokens } = await setUpTokens();
    const slow = held(granted('t1'));
    ims.script(slow.answer);
    const asked = Promise.all([tokens.token(), tokens.token(), tokens.token()]);
    await ims.arrived(1);
    slow.release();
    expect(await asked).toEqual(['t1', 't1', 't1']);
    expect(ims.calls).toHaveLength(1);
  });

  it.each([
    ['five minutes before the end of its day', 86_400, 24 * HOUR_MS - 300_000],
    ['a tenth before the end of its minute', 60, 54_000],
  ])('is renewed %s, and serves meanwhile', async (_, expiresIn, renewAfterMs) => {
    const { ims, clock, tokens } = await setUpTokens(HOUR_MS);
    const slow = held(granted('t2'));
    ims.script(granted('t1', expiresIn), slow.answer);
    await tokens.token();
    await clock.advance(renewAfterMs - 1);
    expect(await tokens.token()).toBe('t1');
    expect(ims.calls).toHaveLength(1);
    await clock.advance(1);
    expect(await tokens.token()).toBe('t1');
    await ims.arrived(2);
    slow.release();
    // Expired by now: whoever asks shares the renewal under way.
    await clock.advance(300_000);
    expect(await tokens.token()).toBe('t2');
    expect(ims.calls).toHaveLength(2);
  });

  it.each([-86_400_000, -3_600_000, 3_600_000, 86_400_000])(
    'lives as long when the clock is set by %d ms',
    async (ms) => {
      const { ims, clock, tokens } = await setUpTokens();
      const slow = held(granted('t2', 3_600));
      ims.script(granted('t1', 3_600), slow.answer);
      await tokens.token();
      clock.jump(ms);
      await clock.advance(3_299_999);
      expect(await tokens.token()).toBe('t1');
      await clock.advance(1);
      expect(await tokens.token()).toBe('t1');
      await ims.arrived(2);
      expect(ims.calls).toHaveLength(2);
      slow.release();
    },
  );

  it('is requested again on time after a failure, however the clock is set', async () => {
    const { ims, clock, tokens } = await setUpTokens();
    ims.script(text(503, '', { 'retry-after': '90' }), granted('t1'));
    expect(await failureOf(tokens.token())).toMatchObject({ retryAfterMs: 90_000 });
    clock.jump(-86_400_000);
    await clock.advance(89_000);
    expect(await failureOf(tokens.token())).toMatchObject({ retryAfterMs: 1_000 });
    clock.jump(86_400_000);
    expect(await failureOf(tokens.token())).toMatchObject({ retryAfterMs: 1_000 });
    await clock.advance(1_000);
    expect(await tokens.token()).toBe('t1');
  });

  it('serves until it expires when it cannot be renewed', async () => {
    const { ims, clock, tokens, failed } = await setUpTokens();
    ims.script(granted('t1', 1000));
    ims.otherwise(text(500, ''));
    await tokens.token();
    await clock.advance(900_000);
    expect(await tokens.token()).toBe('t1');
    await failed;
    expect(await tokens.token()).toBe('t1');
    expect(ims.calls).toHaveLength(2);
    await clock.advance(100_000);
    expect((await failureOf(tokens.token())).code).toBe('UPSTREAM_UNAVAILABLE');
    expect(ims.calls).toHaveLength(3);
  });
});

describe('a failed fetch', () => {
  const invalidClient = { error: 'invalid_client', error_description: 's3cret is wrong' };
  it.each([
    ['400', 'UPSTREAM_UNAUTHENTICATED', json(400, invalidClient)],
    ['401', 'UPSTREAM_UNAUTHENTICATED', json(401, invalidClient)],
    ['403', 'UPSTREAM_UNAUTHENTICATED', text(403, 's3cret')],
    ['429', 'UPSTREAM_UNAVAILABLE', text(429, 's3cret')],
    ['500', 'UPSTREAM_UNAVAILABLE', text(500, 's3cret')],
    ['a redirect', 'UPSTREAM_UNAVAILABLE', text(302, '', { location: '/' })],
    ['200 with HTML', 'UPSTREAM_UNAVAILABLE', text(200, '<p>s3cret</p>')],
    ['an answer without a token', 'UPSTREAM_UNAVAILABLE', json(200, { expires_in: 1 })],
    ['a token that no header can carry', 'UPSTREAM_UNAVAILABLE', granted('s3cret\r\nX: y')],
    ['a cut connection', 'UPSTREAM_UNAVAILABLE', reset()],
    ['an answer that is not HTTP', 'UPSTREAM_UNAVAILABLE', raw('s3cret\r\n\r\n')],
  ])('with %s is %s', async (_, code, answer) => {
    const { ims, tokens, fetches } = await setUpTokens();
    ims.script(answer);
    const error = await failureOf(tokens.token());
    expect(error.code).toBe(code);
    expect(fetches).toEqual([[code, 0]]);
    expect(JSON.stringify([error.message, error.extensions])).not.toMatch(/s3cret|client 1/);
  });

  it('is UPSTREAM_TIMEOUT after its deadline', async () => {
    const { ims, clock, tokens, fetches } = await setUpTokens();
    ims.script(hang());
    const failure = failureOf(tokens.token());
    await ims.arrived(1);
    await clock.advance(10_000);
    expect((await failure).code).toBe('UPSTREAM_TIMEOUT');
    expect(fetches).toEqual([['UPSTREAM_TIMEOUT', 10_000]]);
  });

  it('answers all callers during the pause after it, and the pause doubles', async () => {
    const { ims, clock, tokens } = await setUpTokens();
    ims.otherwise(json(401, invalidClient));
    await failureOf(tokens.token());
    for (const pauseMs of [1000, 2000, 4000]) {
      await clock.advance(pauseMs - 1);
      const before = ims.calls.length;
      const error = await failureOf(tokens.token());
      expect(error).toMatchObject({
        code: 'UPSTREAM_UNAUTHENTICATED',
        retryAfterMs: 1,
        upstream: { status: 401, errorCode: 'invalid_client' },
      });
      expect(ims.calls).toHaveLength(before);
      await clock.advance(1);
      await failureOf(tokens.token());
      expect(ims.calls).toHaveLength(before + 1);
    }
    await clock.advance(8000);
    ims.script(granted('t1'));
    expect(await tokens.token()).toBe('t1');
    // A fetch that went well ends the doubling.
    await clock.advance(24 * HOUR_MS);
    await failureOf(tokens.token());
    const before = ims.calls.length;
    await clock.advance(1000);
    await failureOf(tokens.token());
    expect(ims.calls).toHaveLength(before + 1);
  });

  it('is not repeated before the token service’s Retry-After has passed', async () => {
    const { ims, clock, tokens } = await setUpTokens();
    ims.script(text(429, '', { 'retry-after': '90' }), granted('t1'));
    expect((await failureOf(tokens.token())).retryAfterMs).toBe(90_000);
    await clock.advance(89_999);
    expect((await failureOf(tokens.token())).retryAfterMs).toBe(1);
    await clock.advance(1);
    expect(await tokens.token()).toBe('t1');
  });
});

describe('a token rejected with 401013', () => {
  it.each(['start', 'status'] as const)(
    'is replaced once, and the %s sent again',
    async (operation) => {
      const { ims, upstream, campaign, reported } = await setUpCampaign();
      ims.script(granted('t1'), granted('t2'));
      const good =
        operation === 'start' ? submitted : json(200, statusAnswers.success('XDM44', 3520));
      upstream.script(rejected, good);
      if (operation === 'start')
        expect((await campaign.start('XDM44', 'somebody')).kind).toBe('submitted');
      else expect((await campaign.status(ref, asking))?.status).toBe('SUCCESS');
      expect(upstream.calls.map(({ headers }) => headers.authorization)).toEqual([
        'Bearer t1',
        'Bearer t2',
      ]);
      expect(reported.map((call) => call.operation)).toEqual(['token', 'token', operation]);
    },
  );

  it('ends the call if the new token is rejected too', async () => {
    const { ims, upstream, campaign } = await setUpCampaign();
    ims.script(granted('t1'), granted('t2'));
    upstream.otherwise(rejected);
    const error = await failureOf(campaign.start('XDM44', 'somebody'));
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAUTHENTICATED', outcomeUnknown: false });
    expect(upstream.calls).toHaveLength(2);
  });

  it('ends the call if the new token is rejected too, however long it took', async () => {
    const { ims, upstream, campaign, clock } = await setUpCampaign(10 * HOUR_MS);
    ims.otherwise(granted('t1'));
    const slow = held(rejected);
    upstream.script(rejected, slow.answer);
    const failure = failureOf(campaign.start('XDM44', 'somebody'));
    await upstream.arrived(2);
    await clock.advance(HOUR_MS);
    slow.release();
    expect((await failure).code).toBe('UPSTREAM_UNAUTHENTICATED');
    expect(upstream.calls).toHaveLength(2);
  });

  it('does not cause a fetch for each of many rejections', async () => {
    const { ims, upstream, campaign, clock } = await setUpCampaign();
    ims.script(granted('t1'), granted('t2'), granted('t3'));
    upstream.otherwise(rejected);
    for (let i = 0; i < 5; i += 1) await failureOf(campaign.start('XDM44', 'somebody'));
    expect(ims.calls).toHaveLength(2);
    await clock.advance(30_000);
    await failureOf(campaign.start('XDM44', 'somebody'));
    expect(ims.calls).toHaveLength(3);
  });

  it('is replaced however new it is, if it was accepted before: a service may restart twice', async () => {
    const { ims, upstream, campaign } = await setUpCampaign();
    ims.script(granted('t1'), granted('t2'), granted('t3'));
    upstream.script(rejected, submitted, rejected, submitted);
    expect((await campaign.start('XDM44', 'somebody')).kind).toBe('submitted');
    expect((await campaign.start('XDM44', 'somebody')).kind).toBe('submitted');
    expect(upstream.calls.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer t1',
      'Bearer t2',
      'Bearer t2',
      'Bearer t3',
    ]);
  });

  it('is replaced ten times in five minutes at most', async () => {
    const { ims, upstream, campaign, clock } = await setUpCampaign();
    ims.script(...Array.from({ length: 12 }, (_, index) => granted(`t${index}`)));
    const replace = () => {
      upstream.script(rejected, submitted);
      return campaign.start('XDM44', 'somebody');
    };
    for (let count = 0; count < 10; count += 1) {
      expect((await replace()).kind).toBe('submitted');
      await clock.advance(1_000);
    }
    upstream.script(rejected);
    expect((await failureOf(campaign.start('XDM44', 'somebody'))).code).toBe(
      'UPSTREAM_UNAUTHENTICATED',
    );
    expect(ims.calls).toHaveLength(11);
    await clock.advance(290_000);
    expect((await replace()).kind).toBe('submitted');
    expect(ims.calls).toHaveLength(12);
  });

  it('is replaced once for all calls that used it', async () => {
    const { ims, upstream, campaign } = await setUpCampaign();
    ims.script(granted('t1'), granted('t2'));
    const first = held(rejected);
    const second = held(rejected);
    upstream.script(first.answer, second.answer);
    upstream.otherwise(submitted);
    const both = Promise.all([
      campaign.start('XDM44', 'somebody'),
      campaign.start('XDM44', 'somebody'),
    ]);
    await upstream.arrived(2);
    first.release();
    second.release();
    await both;
    expect(ims.calls).toHaveLength(2);
  });

  it('ends the call if it is a configured token', async () => {
    const { upstream, campaign } = await setUp();
    upstream.script(rejected);
    const error = await failureOf(campaign.start('XDM44', 'somebody'));
    expect(error.code).toBe('UPSTREAM_UNAUTHENTICATED');
    expect(upstream.calls).toHaveLength(1);
  });

  it('is not assumed for another 401 about a new token', async () => {
    const { ims, upstream, campaign, clock } = await setUpCampaign();
    ims.script(granted('t1'), granted('t2'));
    upstream.otherwise(text(401, 'who are you?'));
    await failureOf(campaign.start('XDM44', 'somebody'));
    expect(ims.calls).toHaveLength(1);
    // By now it may be one that was revoked before this gateway ever had an answer with it.
    await clock.advance(30_000);
    await failureOf(campaign.start('XDM44', 'somebody'));
    expect(ims.calls).toHaveLength(2);
  });
});

describe('a token that is no longer accepted', () => {
  const invalid = { 'www-authenticate': 'Bearer realm="x", error="invalid_token"' };

  it.each([
    ['an empty body, and says so in its header', text(401, '', invalid)],
    ['an empty body', text(401, '')],
    ['its code alone', json(401, { error_code: '401013' })],
    ['its code as a number', json(401, { error_code: 401013 })],
    ['its code, as forbidden', json(403, { error_code: '401013', message: '' })],
    ['an HTML page', text(401, '<h1>Unauthorized</h1>')],
    ['an OAuth error', json(401, { error: 'invalid_token', error_description: 'revoked' })],
    ['an invalid status', json(401, { status: 'Failed', info: '' })],
  ])('is replaced immediately when the upstream answers with %s', async (_, refusal) => {
    const { ims, upstream, campaign } = await setUpCampaign();
    ims.script(granted('t1'), granted('t2'), granted('t3'));
    const inProgress = json(200, statusAnswers.inProgress('XDM44', 3520));
    upstream.script(submitted, refusal, submitted, refusal, inProgress);
    await campaign.start('XDM44', 'somebody');
    expect(await campaign.start('XDM44', 'somebody')).toMatchObject({ kind: 'submitted' });
    expect(await campaign.status(ref, polling)).toMatchObject({ status: 'IN_PROGRESS' });
    expect(ims.calls).toHaveLength(3);
  });

  it.each([
    ['the API key is missing', json(401, { error_code: '403000' }), 'UPSTREAM_FORBIDDEN'],
    ['the API key is invalid', json(401, { error_code: '403003' }), 'UPSTREAM_FORBIDDEN'],
    ['the profile is invalid', json(401, { error_code: '403023' }), 'UPSTREAM_FORBIDDEN'],
    ['the token is missing', json(401, { error_code: '403010' }), 'UPSTREAM_UNAUTHENTICATED'],
    ['the role is missing', text(403, ''), 'UPSTREAM_FORBIDDEN'],
  ])('is kept when %s', async (_, refusal, code) => {
    const { ims, upstream, campaign } = await setUpCampaign();
    ims.script(granted('t1'));
    upstream.script(submitted, refusal);
    await campaign.start('XDM44', 'somebody');
    expect(await failureOf(campaign.start('XDM44', 'somebody'))).toMatchObject({
      code,
      outcomeUnknown: false,
    });
    expect(ims.calls).toHaveLength(1);
  });
});

describe('without a token', () => {
  it.each(['start', 'check'] as const)('a %s fails and sends nothing', async (operation) => {
    const { ims, upstream, campaign } = await setUpCampaign();
    ims.script(text(401, ''));
    const failed = operation === 'start' ? campaign.start('XDM44', 'somebody') : campaign.check();
    const error = await failureOf(failed);
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAUTHENTICATED', outcomeUnknown: false });
    expect(upstream.calls).toEqual([]);
  });

  it('a start that waits past its deadline is not sent', async () => {
    const { ims, upstream, campaign, clock } = await setUpCampaign();
    ims.script(hang());
    const failure = failureOf(campaign.start('XDM44', 'somebody'));
    await ims.arrived(1);
    await clock.advance(30_000);
    expect(await failure).toMatchObject({ code: 'UPSTREAM_TIMEOUT', outcomeUnknown: false });
    expect(upstream.calls).toEqual([]);
  });
});
