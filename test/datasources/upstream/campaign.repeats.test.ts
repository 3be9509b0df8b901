import { describe, expect, it, jest } from '@jest/globals';
import { startAnswers, statusAnswers } from '../../support/campaign-answers.js';
import { createManualClock } from '../../support/manual-clock.js';
import {
  answerAndCut,
  hang,
  held,
  json,
  reset,
  stalled,
  text,
} from '../../support/scripted-upstream.js';
import { startTcpProxy } from '../../support/tcp-proxy.js';
import {
  asking,
  failureOf,
  passBackoff,
  polling,
  ref,
  releaseAfterEachTest,
  releaseAfterTest,
  scripted,
  setUp,
} from './campaign-harness.js';

releaseAfterEachTest();

const inProgress = json(200, statusAnswers.inProgress('XDM44', 3520));
const submitted = json(200, startAnswers.submitted('XDM44', 3520));
const tooMany = (retryAfter: string) => text(429, 'slow down', { 'retry-after': retryAfter });

describe('a repeated status question', () => {
  it('is sent until it is answered, three times at most', async () => {
    const { upstream, campaign, clock } = await setUp();
    upstream.script(text(502, ''), reset(), inProgress);
    const state = campaign.status(ref, asking);
    await passBackoff(clock);
    await passBackoff(clock);
    expect(await state).toMatchObject({ status: 'IN_PROGRESS' });
    expect(upstream.calls).toHaveLength(3);
  });

  it('uses a new connection when the kept one was cut', async () => {
    const { upstream, campaign } = await setUp();
    upstream.script(answerAndCut(inProgress), inProgress);
    await campaign.status(ref, asking);
    const [first] = await upstream.arrived(1);
    if (first) await upstream.hungUp(first);
    expect(await campaign.status(ref, asking)).toMatchObject({ status: 'IN_PROGRESS' });
  });

  it('uses a new connection when something between may have forgotten the idle one', async () => {
    const upstream = await scripted();
    const proxy = await startTcpProxy(upstream.url);
    releaseAfterTest(() => proxy.close());
    const { campaign, clock } = await setUp({ url: new URL(proxy.url) });
    upstream.otherwise(inProgress);
    await campaign.status(ref, asking);
    proxy.forget();
    // No timer fires, as in a process that was frozen.
    const later = createManualClock();
    await later.advance(10_001);
    jest.spyOn(clock, 'monotonicMs').mockImplementation(() => later.monotonicMs());
    expect(await campaign.status(ref, asking)).toMatchObject({ status: 'IN_PROGRESS' });
  });

  it.each([
    ['seconds', { 'retry-after': '2' }],
    [
      'a date, by its own clock',
      { date: 'Wed, 31 Dec 2025 22:59:58 GMT', 'retry-after': 'Wed, 31 Dec 2025 23:00:00 GMT' },
    ],
  ])(
    'waits until Retry-After has passed, and a random time more, given as %s',
    async (_, headers) => {
      const half = jest.spyOn(Math, 'random').mockReturnValue(0.5);
      releaseAfterTest(async () => half.mockRestore());
      const { upstream, campaign, clock } = await setUp();
      upstream.script(text(429, '', headers), inProgress);
      const state = campaign.status(ref, asking);
      await clock.scheduled(2125, 2125);
      await clock.advance(2124);
      // One millisecond of the wait is left, and no shorter wait exists.
      expect(clock.pendingMs()[0]).toBe(1);
      expect(upstream.calls).toHaveLength(1);
      await clock.advance(1);
      expect(await state).toMatchObject({ status: 'IN_PROGRESS' });
    },
  );

  it('is not sent if Retry-After exceeds the deadline', async () => {
    const { upstream, campaign } = await setUp();
    upstream.script(tooMany('30'));
    const error = await failureOf(campaign.status(ref, asking));
    expect(error).toMatchObject({ code: 'UPSTREAM_RATE_LIMITED', retryAfterMs: 30_000 });
    expect(upstream.calls).toHaveLength(1);
  });

  it('is not sent if a 503 asks for a delay past the deadline', async () => {
    const { upstream, campaign } = await setUp();
    upstream.script(text(503, 'maintenance', { 'retry-after': '240' }));
    const error = await failureOf(campaign.status(ref, asking));
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryAfterMs: 240_000 });
  });

  it('is not sent if the pause would exceed the deadline: the last failure is reported', async () => {
    const half = jest.spyOn(Math, 'random').mockReturnValue(0.5);
    releaseAfterTest(async () => half.mockRestore());
    const { upstream, campaign, clock } = await setUp({ timeoutMs: 1000 });
    const late = held(text(500, ''));
    upstream.script(late.answer);
    const failure = failureOf(campaign.status(ref, asking));
    await upstream.arrived(1);
    // The pause is half of 250 ms, which is all the time that is left.
    await clock.advance(875);
    late.release();
    expect((await failure).code).toBe('UPSTREAM_UNAVAILABLE');
    expect(upstream.calls).toHaveLength(1);
  });

  it('follows pauses that grow, each a random share of its maximum', async () => {
    const most = jest.spyOn(Math, 'random').mockReturnValue(0.999);
    releaseAfterTest(async () => most.mockRestore());
    const { upstream, campaign, clock } = await setUp();
    upstream.otherwise(text(500, ''));
    const failure = failureOf(campaign.status(ref, asking));
    for (const delayMs of [249, 499]) {
      await clock.scheduled(delayMs, delayMs);
      await clock.advance(delayMs);
    }
    await failure;
  });
});

describe('the deadline', () => {
  it.each([
    ['nothing is answered', hang()],
    ['an answer stops half-way', stalled(200, '{"status":')],
  ])('ends a start, whose outcome is then unknown: %s', async (_, answer) => {
    const { upstream, campaign, clock } = await setUp({ timeoutMs: 5000 });
    upstream.script(answer);
    const failure = failureOf(campaign.start('XDM44', 'somebody'));
    const [call] = await upstream.arrived(1);
    await clock.advance(5000);
    const error = await failure;
    expect(error).toMatchObject({ code: 'UPSTREAM_TIMEOUT', outcomeUnknown: true });
    if (call) await upstream.hungUp(call);
    expect(upstream.calls).toHaveLength(1);
  });

  it('covers all attempts of a status question together', async () => {
    const { upstream, campaign, clock, reported } = await setUp({ timeoutMs: 5000 });
    const slow = held(text(500, ''));
    upstream.script(slow.answer, hang());
    const failure = failureOf(campaign.status(ref, asking));
    await upstream.arrived(1);
    await clock.advance(4000);
    slow.release();
    await passBackoff(clock);
    await upstream.arrived(2);
    await clock.advance(500);
    expect(await failure).toMatchObject({ code: 'UPSTREAM_TIMEOUT', outcomeUnknown: false });
    expect(reported).toMatchObject([
      { operation: 'status', outcome: 'UPSTREAM_TIMEOUT', durationMs: 5000 },
    ]);
  });

  it('releases its timer when a call ends', async () => {
    const { upstream, campaign, clock } = await setUp();
    upstream.script(submitted, text(400, ''));
    await campaign.start('XDM44', 'somebody');
    await failureOf(campaign.start('XDM44', 'somebody'));
    expect(clock.pendingMs()).toEqual([]);
  });
});

describe('check', () => {
  it('asks only for an HTTP answer from the base URL', async () => {
    const { upstream, campaign, reported } = await setUp();
    upstream.script(text(503, ''));
    await campaign.check();
    expect(upstream.calls).toMatchObject([{ method: 'HEAD', rawPath: '/' }]);
    expect(upstream.calls[0]?.headers.authorization).toBeUndefined();
    expect(reported).toMatchObject([{ operation: 'check', outcome: 'OK' }]);
  });

  it('fails when nobody answers', async () => {
    const { campaign } = await setUp({ url: new URL('http://127.0.0.1:1') });
    expect((await failureOf(campaign.check())).code).toBe('UPSTREAM_UNAVAILABLE');
  });

  it('fails when nobody answers in time', async () => {
    const { upstream, campaign, clock } = await setUp({ timeoutMs: 1000 });
    upstream.script(hang());
    const failure = failureOf(campaign.check());
    await upstream.arrived(1);
    await clock.advance(1000);
    expect((await failure).code).toBe('UPSTREAM_TIMEOUT');
  });
});

describe('closing', () => {
  it('cancels calls in progress and releases every timer', async () => {
    const { upstream, campaign, clock } = await setUp();
    upstream.script(text(500, ''), hang());
    const waiting = failureOf(campaign.status(ref, polling));
    await clock.scheduled(0, 250);
    const sent = failureOf(campaign.start('A', 'somebody'));
    await upstream.arrived(2);
    await campaign.close();
    expect(await waiting).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', outcomeUnknown: false });
    expect(await sent).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', outcomeUnknown: true });
    expect(clock.pendingMs()).toEqual([]);
    expect((await failureOf(campaign.start('A', 'somebody'))).message).toContain(
      'The gateway is stopping',
    );
    expect(upstream.calls).toHaveLength(2);
  });
});
