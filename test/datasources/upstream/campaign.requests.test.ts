import { describe, expect, it } from '@jest/globals';
import { createCampaignDatasource } from '../../../src/datasources/upstream/campaign.datasource.js';
import { BadUserInputError } from '../../../src/ingestion/gateway-error.js';
import { startAnswers, statusAnswers } from '../../support/campaign-answers.js';
import { createManualClock } from '../../support/manual-clock.js';
import { json } from '../../support/scripted-upstream.js';
import { startTcpProxy } from '../../support/tcp-proxy.js';
import {
  asking,
  ref,
  releaseAfterEachTest,
  releaseAfterTest,
  scripted,
  setUp,
} from './campaign-harness.js';

releaseAfterEachTest();

const headers = {
  authorization: 'Bearer token-1',
  'x-api-key': 'key-1',
  'cache-control': 'no-cache',
  'content-type': 'application/json',
};
const submitted = json(200, startAnswers.submitted('XDM44', 3520));
const inProgress = json(200, statusAnswers.inProgress('XDM44', 3520));

describe('a call to the upstream', () => {
  it('sends a start as a POST with every documented header and no body', async () => {
    const { upstream, campaign, reported } = await setUp();
    upstream.script(submitted);
    expect(await campaign.start('XDM44', 'somebody')).toMatchObject({
      kind: 'submitted',
      requestId: '3520',
    });
    expect(upstream.calls[0]).toMatchObject({
      method: 'POST',
      rawPath: '/acme/campaign/dataIngestion/xdmIngestion/XDM44/ingest',
      body: '',
    });
    expect(upstream.calls[0]?.headers).toMatchObject(headers);
    expect(reported).toEqual([{ operation: 'start', outcome: 'OK', durationMs: 0 }]);
  });

  it('sends a status question as a GET with the request id in the query', async () => {
    const { upstream, campaign } = await setUp();
    upstream.script(json(200, statusAnswers.inProgress('XDM44', 'a&b=c d')));
    const state = await campaign.status({ ...ref, requestId: 'a&b=c d' }, asking);
    expect(state).toMatchObject({ status: 'IN_PROGRESS' });
    expect(upstream.calls[0]).toMatchObject({
      method: 'GET',
      rawPath: '/acme/campaign/dataIngestion/xdmIngestion/XDM44/ingest?requestId=a%26b%3Dc%20d',
      body: '',
    });
    expect(upstream.calls[0]?.headers).toMatchObject(headers);
  });

  it('sends the request id in a JSON body if configured', async () => {
    const { upstream, campaign } = await setUp({ statusRequestIdIn: 'body' });
    upstream.otherwise(inProgress);
    await campaign.status(ref, asking);
    expect(upstream.calls[0]).toMatchObject({
      method: 'GET',
      rawPath: '/acme/campaign/dataIngestion/xdmIngestion/XDM44/ingest',
      body: '{"requestId":"3520"}',
    });
    expect(upstream.calls[0]?.headers).toMatchObject(headers);
  });

  it('keeps connections for status questions', async () => {
    const { upstream, campaign } = await setUp();
    upstream.otherwise(inProgress);
    for (let i = 0; i < 10; i += 1) await campaign.status(ref, asking);
    // Two connections, because a call made just as an answer ends finds its connection still busy.
    const connections = new Set(upstream.calls.map(({ connection }) => connection));
    expect(connections.size).toBeLessThanOrEqual(2);
  });

  it('opens a connection for each start, because a kept one may be lost unnoticed', async () => {
    const upstream = await scripted();
    const proxy = await startTcpProxy(upstream.url);
    releaseAfterTest(() => proxy.close());
    const { campaign } = await setUp({ url: new URL(proxy.url) });
    upstream.script(inProgress, submitted, submitted);
    await campaign.status(ref, asking);
    proxy.forget();
    await campaign.start('XDM44', 'somebody');
    proxy.forget();
    await campaign.start('XDM44', 'somebody');
    expect(upstream.calls.map(({ connection }) => connection)).toEqual([0, 1, 2]);
  });

  const hints = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n';
  const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

  it.each([
    ['100 Continue', CONTINUE],
    ['100 twice, and other informational answers', `${CONTINUE}${hints}${CONTINUE}`],
    ['a 100 with headers', 'HTTP/1.1 100 \r\nserver: x\r\n\r\n'],
  ])('skips what comes before the answer to a start: %s', async (_, before) => {
    const { upstream, campaign } = await setUp();
    upstream.script(
      (response, call) => {
        response.socket?.write(before);
        submitted(response, call);
      },
      (response, call) => {
        for (const byte of Buffer.from(before)) response.socket?.write(Buffer.of(byte));
        submitted(response, call);
      },
    );
    const started = { kind: 'submitted', requestId: '3520' };
    expect(await campaign.start('XDM44', 'somebody')).toMatchObject(started);
    expect(await campaign.start('XDM44', 'somebody')).toMatchObject(started);
  });

  it('skips 100 Continue before the answer to a GET with a body', async () => {
    const { upstream, campaign } = await setUp({ statusRequestIdIn: 'body' });
    upstream.otherwise((response, call) => {
      response.writeContinue();
      inProgress(response, call);
    });
    for (let i = 0; i < 2; i += 1) {
      expect(await campaign.status(ref, asking)).toMatchObject({ status: 'IN_PROGRESS' });
    }
    expect(upstream.calls).toHaveLength(2);
  });

  it('does not keep a connection after a GET with a body, which some servers leave unread', async () => {
    const { upstream, campaign } = await setUp({ statusRequestIdIn: 'body' });
    upstream.otherwise(inProgress);
    for (let i = 0; i < 3; i += 1) await campaign.status(ref, asking);
    expect(upstream.calls.map(({ connection }) => connection)).toEqual([0, 1, 2]);
  });

  it.each(['/edge', '/edge/', '/edge//'])('allows a path in the base URL: %s', async (prefix) => {
    const { upstream } = await setUp();
    const campaign = createCampaignDatasource({
      url: new URL(upstream.url + prefix),
      organization: 'acme-mkt-stage',
      apiKey: 'key-1',
      token: { kind: 'ready', accessToken: 'token-1' },
      timeoutMs: 1000,
      maxRps: 10,
      statusRequestIdIn: 'query',
      clock: createManualClock(),
    });
    upstream.script(submitted);
    await campaign.start('XDM44', 'somebody');
    await campaign.close();
    expect(upstream.calls[0]?.rawPath).toBe(
      '/edge/acme-mkt-stage/campaign/dataIngestion/xdmIngestion/XDM44/ingest',
    );
  });
});

describe('an id in the URL', () => {
  it.each([
    ['a/b', 'a%2Fb'],
    ['../x', '..%2Fx'],
    ['a?b#c', 'a%3Fb%23c'],
    ['a\\b', 'a%5Cb'],
    ['%2e%2e', '%252e%252e'],
    ['...', '...'],
    ['a\r\nX: y', 'a%0D%0AX%3A%20y'],
    ['é 1', '%C3%A9%201'],
    ['..%2fx', '..%252fx'],
    ['%2e%2e%2f', '%252e%252e%252f'],
    ['//other.test', '%2F%2Fother.test'],
    ['https://other.test/', 'https%3A%2F%2Fother.test%2F'],
    ['@other.test', '%40other.test'],
    ['..;', '..%3B'],
    ['\u2024\u2024\u2215x', '%E2%80%A4%E2%80%A4%E2%88%95x'],
    ['\uff0e\uff0e\uff0fx', '%EF%BC%8E%EF%BC%8E%EF%BC%8Fx'],
  ])('is one path segment: %s', async (mapping, segment) => {
    const { upstream, campaign } = await setUp();
    upstream.script(json(200, startAnswers.submitted(mapping, 1)));
    await campaign.start(mapping, 'somebody');
    const rawPath = upstream.calls[0]?.rawPath ?? '';
    expect(rawPath).toBe(`/acme/campaign/dataIngestion/xdmIngestion/${segment}/ingest`);
    // A server that parses the path as browsers do must see the same segment.
    expect(new URL(rawPath, 'http://host').pathname).toBe(rawPath);
  });

  it.each(['', '.', '..', '\ud800'])(
    'is refused and not sent if it is the mapping id %j',
    async (mapping) => {
      const { upstream, campaign, reported } = await setUp();
      await expect(campaign.start(mapping, 'somebody')).rejects.toThrow(BadUserInputError);
      const asked = campaign.status({ ...ref, mappingId: mapping }, asking);
      await expect(asked).rejects.toThrow(BadUserInputError);
      expect(upstream.calls).toEqual([]);
      expect(reported).toEqual([]);
    },
  );

  it('is refused if it is a request id with half a character', async () => {
    const { upstream, campaign } = await setUp();
    const asked = campaign.status({ ...ref, requestId: '\udc00' }, asking);
    await expect(asked).rejects.toThrow('must be well-formed Unicode');
    expect(upstream.calls).toEqual([]);
  });

  it('is refused if it is an invalid organization', async () => {
    await expect(setUp({ organization: '..' })).rejects.toThrow('The organization must be');
  });
});

describe('a credential that no header can carry', () => {
  it.each([
    ['API key', { apiKey: 'k\u00e9y\n' }],
    ['access token', { token: { kind: 'ready', accessToken: '' } }],
  ] as const)('is reported before any call, without its value: %s', async (name, options) => {
    await expect(setUp(options)).rejects.toThrow(
      `The ${name} must be visible ASCII, at least one character, without blanks.`,
    );
  });
});
