import { describe, expect, it } from '@jest/globals';
import { startAnswers, statusAnswers } from '../../support/campaign-answers.js';
import { held, json, text } from '../../support/scripted-upstream.js';
import {
  asking,
  failureOf,
  polling,
  ref,
  releaseAfterEachTest,
  setUp,
} from './campaign-harness.js';
import { granted, setUpCampaign } from './token-harness.js';

releaseAfterEachTest();

const HOUR_MS = 60 * 60 * 1000;
const rejected = json(401, { error_code: '401013', message: 'Oauth token is not valid' });
const submitted = json(200, startAnswers.submitted('XDM44', 3520));

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
    // The token may have been revoked before this gateway ever used it successfully.
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
