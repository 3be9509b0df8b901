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
  releaseAfterTest,
  scripted,
  setUp,
} from './campaign-harness.js';

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
    // No timer comes: a process that was frozen does not hear its own.
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
      // The wait has one millisecond left, and nothing shorter is waiting.
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
    // Half of 250 ms is to be waited, and that is what is left.
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
