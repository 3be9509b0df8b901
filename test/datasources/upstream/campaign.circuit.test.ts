import { describe, expect, it } from '@jest/globals';
import { startAnswers } from '../../support/campaign-answers.js';
import { hang, held, json, reset, text } from '../../support/scripted-upstream.js';
import { failureOf, releaseAfterEachTest, setUp } from './campaign-harness.js';

releaseAfterEachTest();

const submitted = json(200, startAnswers.submitted('XDM44', 3520));
const tooMany = (retryAfter: string) => text(429, 'slow down', { 'retry-after': retryAfter });

describe('the circuit', () => {
  const circuit = { failuresToOpen: 2, pauseMs: 10_000 };

  it.each([
    ['5xx', text(500, '')],
    ['cut connections', reset()],
  ])('opens after %s in a row, and fails calls without sending them', async (_, answer) => {
    const { upstream, campaign } = await setUp({ circuit });
    upstream.otherwise(answer);
    await failureOf(campaign.start('A', 'somebody'));
    await failureOf(campaign.start('A', 'somebody'));
    const error = await failureOf(campaign.start('A', 'somebody'));
    expect(error).toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      retryAfterMs: 10_000,
      outcomeUnknown: false,
    });
    expect(error.message).toContain('its circuit is open');
    expect(upstream.calls).toHaveLength(2);
  });

  it('opens after timeouts', async () => {
    const { upstream, campaign, clock } = await setUp({ circuit, timeoutMs: 1000 });
    upstream.otherwise(hang());
    for (const count of [1, 2]) {
      const failure = failureOf(campaign.start('A', 'somebody'));
      await upstream.arrived(count);
      await clock.advance(1000);
      await failure;
    }
    expect((await failureOf(campaign.start('A', 'somebody'))).message).toContain(
      'its circuit is open',
    );
  });

  it.each([
    ['401', text(401, '')],
    ['403', text(403, '')],
    ['404', text(404, '')],
    ['429', text(429, '')],
    ['an unusable answer', text(200, 'hm')],
  ])('stays closed after any number of: %s', async (_, answer) => {
    const { upstream, campaign, clock } = await setUp({ circuit });
    upstream.otherwise(answer);
    for (let i = 0; i < 4; i += 1) {
      await failureOf(campaign.start('A', 'somebody'));
      await clock.advance(10_000);
    }
    expect(upstream.calls).toHaveLength(4);
  });

  it('stays closed when calls get their turn too late to be answered', async () => {
    const { upstream, campaign, clock } = await setUp({ circuit, timeoutMs: 3000 });
    upstream.script(tooMany('2'), hang(), hang(), submitted);
    await failureOf(campaign.start('A', 'somebody'));
    const late = [
      failureOf(campaign.start('B', 'somebody')),
      failureOf(campaign.start('C', 'somebody')),
    ];
    await clock.scheduled(3000, 3000, 2);
    await clock.advance(2000);
    await upstream.arrived(3);
    await clock.advance(1000);
    for (const error of await Promise.all(late)) expect(error.code).toBe('UPSTREAM_TIMEOUT');
    expect(await campaign.start('XDM44', 'somebody')).toMatchObject({ kind: 'submitted' });
  });

  it('lets one call try after the pause, and closes if that succeeds', async () => {
    const { upstream, campaign, clock } = await setUp({ circuit });
    const trial = held(submitted);
    upstream.script(text(500, ''), text(500, ''), trial.answer);
    upstream.otherwise(submitted);
    await failureOf(campaign.start('A', 'somebody'));
    await failureOf(campaign.start('A', 'somebody'));
    await clock.advance(9999);
    expect((await failureOf(campaign.start('A', 'somebody'))).retryAfterMs).toBe(1);
    await clock.advance(1);
    const tried = campaign.start('XDM44', 'somebody');
    await upstream.arrived(3);
    expect((await failureOf(campaign.start('A', 'somebody'))).message).toContain(
      'its circuit is open',
    );
    trial.release();
    expect((await tried).kind).toBe('submitted');
    expect((await campaign.start('XDM44', 'somebody')).kind).toBe('submitted');
    expect(upstream.calls).toHaveLength(4);
  });

  it('opens again for the whole pause if the trial fails', async () => {
    const { upstream, campaign, clock } = await setUp({ circuit });
    upstream.otherwise(text(500, ''));
    await failureOf(campaign.start('A', 'somebody'));
    await failureOf(campaign.start('A', 'somebody'));
    await clock.advance(10_000);
    expect((await failureOf(campaign.start('A', 'somebody'))).outcomeUnknown).toBe(true);
    expect((await failureOf(campaign.start('A', 'somebody'))).retryAfterMs).toBe(10_000);
    expect(upstream.calls).toHaveLength(3);
  });
});
