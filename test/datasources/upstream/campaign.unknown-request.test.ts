import { describe, expect, it } from '@jest/globals';
import { startAnswers, statusAnswers } from '../../support/campaign-answers.js';
import { json, text } from '../../support/scripted-upstream.js';
import { asking, failureOf, ref, releaseAfterEachTest, setUp } from './campaign-harness.js';

releaseAfterEachTest();

describe('an answer of Campaign', () => {
  it.each([200, 201, 400, 404, 409, 422])(
    'is read as a refused start despite the HTTP status %d',
    async (status) => {
      const { upstream, campaign } = await setUp();
      upstream.script(json(status, startAnswers.notStopped('XDM44')));
      expect((await campaign.start('XDM44', 'somebody')).kind).toBe('mappingNotStopped');
    },
  );

  it.each([200, 400, 404, 409])(
    'is read as a failed request despite the HTTP status %d',
    async (status) => {
      const { upstream, campaign } = await setUp();
      upstream.script(json(status, statusAnswers.failedEmpty('XDM44', 3520)));
      expect((await campaign.status(ref, asking))?.status).toBe('FAILED');
    },
  );
});

describe('an unknown request', () => {
  it.each([
    ['404 with text', text(404, 'Not Found')],
    ['404 with JSON without a status', json(404, { message: 'nothing here' })],
    ['404 with a Failed for no request', json(404, { status: 'Failed', info: 'Unknown request' })],
    ['410', text(410, 'Gone')],
  ])('is null: %s', async (_, answer) => {
    const { upstream, campaign, reported } = await setUp();
    upstream.script(answer);
    expect(await campaign.status(ref, asking)).toBeNull();
    expect(reported).toMatchObject([{ operation: 'status', outcome: 'OK' }]);
  });

  it('is not concluded from a 404 about another request', async () => {
    const { upstream, campaign } = await setUp();
    upstream.script(json(404, statusAnswers.failedEmpty('XDM44', 1)));
    const error = await failureOf(campaign.status(ref, asking));
    expect(error.code).toBe('UPSTREAM_INVALID_RESPONSE');
  });

  it('is not concluded from a 404 to a start', async () => {
    const { upstream, campaign } = await setUp();
    upstream.script(text(404, 'Not Found'));
    const error = await failureOf(campaign.start('XDM44', 'somebody'));
    expect(error).toMatchObject({ code: 'UPSTREAM_INVALID_RESPONSE', outcomeUnknown: false });
  });
});
