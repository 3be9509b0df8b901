import { describe, expect, it } from '@jest/globals';
import { endless, text } from '../../support/scripted-upstream.js';
import {
  asking,
  failureOf,
  passBackoff,
  ref,
  releaseAfterEachTest,
  setUp,
} from './campaign-harness.js';

releaseAfterEachTest();

describe('a redirect', () => {
  it.each(['start', 'status'] as const)(
    'reports which setting to check: a %s',
    async (operation) => {
      const { upstream, campaign } = await setUp();
      upstream.script(text(301, '', { location: 'https://elsewhere.test/' }));
      const call =
        operation === 'start' ? campaign.start('XDM44', 'somebody') : campaign.status(ref, asking);
      expect((await failureOf(call)).message).toBe(
        'The upstream answered with a redirect (HTTP 301), which is not followed, so the call was not accepted: the operator should set CAMPAIGN_URL to the API itself.',
      );
    },
  );
});

describe('without a connection', () => {
  it.each([
    // Nothing listens on port 1. The other host name is reserved never to exist (RFC 6761).
    ['refused', 'http://127.0.0.1:1'],
    ['unknown host', 'http://nowhere.invalid'],
  ])('a start fails as not sent: %s', async (_, url) => {
    const { campaign } = await setUp({ url: new URL(url) });
    const error = await failureOf(campaign.start('XDM44', 'somebody'));
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', outcomeUnknown: false });
    expect(error.message).toContain('nothing was sent');
  });

  it('a status question is sent three times', async () => {
    const { campaign, clock } = await setUp({ url: new URL('http://127.0.0.1:1') });
    const failure = failureOf(campaign.status(ref, asking));
    await passBackoff(clock);
    await passBackoff(clock);
    expect((await failure).code).toBe('UPSTREAM_UNAVAILABLE');
  });
});

describe('an oversized answer', () => {
  it('is not read to its end: the gateway hangs up', async () => {
    const { upstream, campaign } = await setUp();
    upstream.script(endless());
    await failureOf(campaign.start('XDM44', 'somebody'));
    const [call] = await upstream.arrived(1);
    if (call) await upstream.hungUp(call);
    expect(upstream.calls).toHaveLength(1);
  });
});
