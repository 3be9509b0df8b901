import { describe, expect, it } from '@jest/globals';
import { startAnswers } from '../../support/campaign-answers.js';
import { held, json, text } from '../../support/scripted-upstream.js';
import {
  failureOf,
  passBackoff,
  polling,
  ref,
  releaseAfterEachTest,
  scripted,
  setUp,
} from './campaign-harness.js';

releaseAfterEachTest();

const submitted = json(200, startAnswers.submitted('XDM44', 3520));
const tooMany = (retryAfter: string) => text(429, 'slow down', { 'retry-after': retryAfter });

describe('a 429 with Retry-After', () => {
  it('holds back every call until then', async () => {
    const { upstream, campaign, clock } = await setUp();
    upstream.script(tooMany('3'));
    upstream.otherwise(submitted);
    const refused = await failureOf(campaign.start('A', 'somebody'));
    expect(refused).toMatchObject({
      code: 'UPSTREAM_RATE_LIMITED',
      retryAfterMs: 3000,
      outcomeUnknown: false,
    });
    const next = campaign.start('XDM44', 'somebody');
    await clock.advance(2999);
    expect(upstream.calls).toHaveLength(1);
    await clock.advance(1);
    expect((await next).kind).toBe('submitted');
  });

  it('immediately fails a call whose deadline is sooner', async () => {
    const { upstream, campaign, clock } = await setUp({ timeoutMs: 1000 });
    upstream.script(tooMany('60'));
    await failureOf(campaign.start('A', 'somebody'));
    await clock.advance(10_000);
    const error = await failureOf(campaign.start('B', 'somebody'));
    expect(error).toMatchObject({
      code: 'UPSTREAM_RATE_LIMITED',
      retryAfterMs: 50_000,
      outcomeUnknown: false,
    });
    expect(upstream.calls).toHaveLength(1);
  });
});

describe('a 429 without Retry-After', () => {
  it('holds back every call, each time twice as long, until a call is answered', async () => {
    const { upstream, campaign, clock } = await setUp({ timeoutMs: 500 });
    upstream.otherwise(text(429, ''));
    const holdsMs: (number | undefined)[] = [];
    const sendAndHold = async () => {
      await failureOf(campaign.start('A', 'somebody'));
      const { retryAfterMs } = await failureOf(campaign.start('B', 'other'));
      holdsMs.push(retryAfterMs);
      await clock.advance(retryAfterMs ?? 0);
    };
    for (let i = 0; i < 7; i += 1) await sendAndHold();
    expect(holdsMs).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    upstream.script(submitted);
    await campaign.start('XDM44', 'somebody');
    await sendAndHold();
    expect(holdsMs.at(-1)).toBe(1_000);
  });

  it('is reported to a status question that gets no further turn', async () => {
    const { upstream, campaign, clock } = await setUp({ timeoutMs: 900 });
    upstream.otherwise(text(429, ''));
    const failure = failureOf(campaign.status(ref, polling));
    await passBackoff(clock);
    expect(await failure).toMatchObject({
      code: 'UPSTREAM_RATE_LIMITED',
      upstream: { status: 429 },
    });
    expect(upstream.calls).toHaveLength(1);
  });

  it('holds once for concurrent calls', async () => {
    const { upstream, campaign, clock } = await setUp({ timeoutMs: 1_500 });
    const refusals = [held(text(429, '')), held(text(429, ''))];
    upstream.script(...refusals.map(({ answer }) => answer), submitted);
    const failures = ['A', 'B'].map((id) => failureOf(campaign.start(id, 'somebody')));
    await upstream.arrived(2);
    for (const { release } of refusals) release();
    await Promise.all(failures);
    const next = campaign.start('XDM44', 'somebody');
    await clock.advance(1_000);
    expect(await next).toMatchObject({ kind: 'submitted' });
  });
});

describe('a poll that becomes awaited', () => {
  it.each(['while it pauses between attempts', 'while a token is fetched'] as const)(
    'precedes other polls: %s',
    async (when) => {
      const ims = await scripted();
      const token = held(json(200, { access_token: 't', token_type: 'bearer', expires_in: 9_999 }));
      ims.script(token.answer);
      const isToken = when === 'while a token is fetched';
      const { upstream, campaign, clock } = await setUp({
        maxRps: 1,
        ...(isToken && {
          token: {
            kind: 'clientCredentials',
            imsUrl: ims.url,
            clientId: 'c',
            clientSecret: 's',
            scopes: ['openid'],
          },
        }),
      });
      upstream.otherwise(text(500, ''));
      const poll = (requestId: string) =>
        failureOf(campaign.status({ ...ref, requestId }, polling));
      const others = ['1', '2', '3', '4', '5'];
      const outcomes = isToken ? others.map(poll) : [];
      outcomes.push(poll('raised'));
      if (isToken) await ims.arrived(1);
      else {
        await clock.scheduled(0, 250);
        outcomes.push(...others.map(poll));
      }
      campaign.expedite({ ...ref, requestId: 'raised' }, 'somebody');
      if (isToken) token.release();
      await upstream.arrived(1);
      await clock.scheduled(251, 1_000);
      await clock.advance(1_000);
      await upstream.arrived(2);
      expect(upstream.calls[1]?.rawPath).toContain('requestId=raised');
      await campaign.close();
      await Promise.all(outcomes);
    },
  );
});
