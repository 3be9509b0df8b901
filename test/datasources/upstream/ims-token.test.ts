import { describe, expect, it } from '@jest/globals';
import { hang, held, json, raw, reset, text } from '../../support/scripted-upstream.js';
import { failureOf, releaseAfterEachTest } from './campaign-harness.js';
import { granted, setUpCampaign, setUpTokens } from './token-harness.js';

releaseAfterEachTest();

const HOUR_MS = 60 * 60 * 1000;

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
    // The token has expired: callers share the renewal in progress.
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
    // A successful fetch resets the pause.
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
