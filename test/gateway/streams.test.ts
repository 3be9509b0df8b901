import { describe, expect, it } from '@jest/globals';
import { newApiKey } from '../../src/server/sign-in/api-keys.js';
import { askGateway } from '../support/ask-gateway.js';
import { untilMetric } from '../support/metrics.js';
import { toSubscription, useStreamGateway } from '../support/stream-gateway.js';
import { multipart, readStream, sse, toStreamUrl } from '../support/stream-reader.js';
import { startTestGateway } from '../support/test-gateway.js';
import { oddMappings, untilAskedAbout } from '../support/test-upstream.js';

const gateway = useStreamGateway();
const { post, toUrl } = gateway;

describe('a client that vanishes while its subscription is opened', () => {
  it.each([
    ['events', sse, '/graphql/stream', false],
    ['events after a cursor', sse, '/graphql/stream', true],
    ['parts', multipart, '/graphql', false],
  ])('leaves nothing behind: %s', async (_what, accept, at, isResumed) => {
    gateway.upstream.hold();
    const requestId = await gateway.upstream.startElsewhere(oddMappings.held);
    const query = toSubscription(requestId).replace('XDM44', oddMappings.held);
    const { data } = await askGateway(gateway.url, '{ latestCursor }');
    const headers = isResumed ? { 'last-event-id': data.latestCursor } : {};
    const gone = new AbortController();
    const asked = fetch(toStreamUrl(`${gateway.url}${at}`, query), {
      headers: { ...accept, ...headers },
      signal: gone.signal,
    }).then(
      (response) => response.text(),
      () => null,
    );
    await untilAskedAbout(gateway.upstream, requestId);
    gone.abort();
    await asked.catch(() => {});
    gateway.upstream.release();
    await untilMetric(gateway.url, 'sluice_http_streams', 0);
    await untilMetric(gateway.url, 'sluice_stream_listeners', 0);
  });
});

describe('a proxy in between', () => {
  it('is told neither to buffer a stream nor to transform it', async () => {
    const query = '{ __typename }';
    const activity = 'subscription { ingestionActivity { to } }';
    const own = await fetch(toUrl(query), { headers: { ...sse, 'accept-encoding': 'gzip, br' } });
    const parts = await post(activity, multipart, `${gateway.url}/graphql`);
    for (const { headers } of [own, parts]) {
      expect(headers.get('cache-control')).toBe('no-store, no-transform');
      expect(headers.get('x-accel-buffering')).toBe('no');
      expect(headers.get('content-encoding')).toBeNull();
    }
    await own.text();
    await parts.body?.cancel();
  });
});

describe('a gateway with sign-in and limits', () => {
  const apiKey = newApiKey();

  it('requires sign-in, finds a stream by its token, and counts and ends streams', async () => {
    const limited = await startTestGateway(gateway.upstream.config, {
      signIn: {
        accessTokens: null,
        apiKeys: [
          {
            name: 'page',
            sha256: apiKey.sha256,
            rights: ['ingestion:read'],
            expiresAt: null,
            mappings: { kind: 'all' },
          },
        ],
      },
    });
    const url = `${limited.url}/graphql/stream`;
    const authorization = `Bearer ${apiKey.key}`;
    const query = toSubscription(await gateway.upstream.startElsewhere('XDM44'));
    expect((await fetch(url, { method: 'PUT' })).status).toBe(401);
    expect((await fetch(toUrl(query, url), { headers: sse })).status).toBe(401);
    const token = await (await fetch(url, { method: 'PUT', headers: { authorization } })).text();
    const shared = readStream(await fetch(`${url}?token=${token}`, { headers: sse }));
    const own = readStream(await post(query, { ...sse, authorization }, url));
    const parts = readStream(
      await post(query, { ...multipart, authorization }, `${limited.url}/graphql`),
    );
    await shared.until(':\n\n');
    await own.until('IN_PROGRESS');
    await parts.until('IN_PROGRESS');
    const stopped = limited.stop();
    expect(await own.toEnd()).toMatch(/SHUTTING_DOWN.*\n\nevent: complete\ndata: \n\n$/);
    expect(await parts.toEnd()).toMatch(
      /\{"payload":null,"errors":\[.*SHUTTING_DOWN.*\]\}\r\n--graphql--\r\n$/,
    );
    await shared.toEnd();
    await stopped;
  });
});
