import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client/core';
import { describe, expect, it } from '@jest/globals';
import type { DocumentNode } from 'graphql';
import { deleteDatabase } from '../support/log-database.js';
import { untilMetric } from '../support/metrics.js';
import { toSubscription, useStreamGateway } from '../support/stream-gateway.js';
import { multipart, readStream } from '../support/stream-reader.js';
import { startTestGateway } from '../support/test-gateway.js';

const gateway = useStreamGateway();
const { post } = gateway;

describe('a subscription in parts', () => {
  it('is sent as Apollo’s clients and routers read it', async () => {
    const query = toSubscription(await gateway.upstream.startElsewhere('XDM44'));
    const response = await post(query, multipart, `${gateway.url}/graphql`);
    expect(response.headers.get('content-type')).toBe(
      'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"',
    );
    const reading = readStream(response);
    await reading.until('IN_PROGRESS');
    await gateway.upstream.finish();
    const parts = (await reading.toEnd()).split('--graphql');
    expect([parts[0], parts.at(-1)]).toEqual(['\r\n', '--\r\n']);
    const bodies = parts.slice(1, -1).map((part) => {
      expect(part).toMatch(/^\r\ncontent-type: application\/json\r\n\r\n.*\r\n$/);
      return JSON.parse(part.split('\r\n\r\n')[1] ?? '');
    });
    expect(bodies).toMatchObject([
      { payload: { data: { ingestionStatusChanged: { to: 'IN_PROGRESS' } } } },
      { payload: { data: { ingestionStatusChanged: { to: 'SUCCESS' } } } },
    ]);
  });

  it('carries its own refusal; an invalid operation and a query are answered with JSON', async () => {
    const url = `${gateway.url}/graphql`;
    const refused = await post(
      'subscription { ingestionActivity(after: "none") { to } }',
      multipart,
      url,
    );
    expect(await refused.text()).toMatch(/\{"payload":\{"errors":\[.*CURSOR_INVALID.*\]\}\}/);
    const bad = await post('{ nod }', multipart, url);
    expect(await bad.json()).toMatchObject({
      errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
    const asked = await post('{ __typename }', multipart, url);
    expect([asked.status, await asked.json()]).toEqual([200, { data: { __typename: 'Query' } }]);
  });
});

describe('Apollo Client with a subscription in parts', () => {
  const activity = gql`subscription ($after: Cursor) { ingestionActivity(after: $after) { to cursor } }`;

  function connectApollo(url: string) {
    const link = new HttpLink({ uri: `${url}/graphql` });
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    return (query: DocumentNode, variables: Record<string, unknown> = {}) =>
      client.subscribe<{ ingestionActivity: { to: string; cursor: string } }>({
        query,
        variables,
        fetchPolicy: 'no-cache',
      });
  }

  it('learns that the gateway stops, and continues after its cursor at the next one', async () => {
    await using left = new AsyncDisposableStack();
    const dataDir = await mkdtemp(join(tmpdir(), 'apollo-'));
    left.defer(() => deleteDatabase(dataDir));
    const first = await startTestGateway(gateway.upstream.config, { dataDir });
    const got: (string | undefined)[] = [];
    const seen = Promise.withResolvers<void>();
    const stopped = Promise.withResolvers<unknown>();
    const requestId = await gateway.upstream.startElsewhere('XDM44');
    const changed = gql(toSubscription(requestId));
    let cursor: string | undefined;
    connectApollo(first.url)(activity).subscribe({
      next({ data, error }) {
        if (error) {
          stopped.resolve(error);
          return;
        }
        got.push(data?.ingestionActivity.to);
        cursor = data?.ingestionActivity.cursor;
        seen.resolve();
      },
      error: stopped.resolve,
      complete: () => stopped.resolve('complete'),
    });
    connectApollo(first.url)(changed).subscribe({ next: () => {}, error: () => {} });
    await seen.promise;
    await first.stop();
    expect(await stopped.promise).toMatchObject({
      errors: [{ extensions: { code: 'SHUTTING_DOWN' } }],
    });
    await gateway.upstream.finish();
    const second = await startTestGateway(gateway.upstream.config, { dataDir });
    left.defer(() => second.stop());
    const rest = Promise.withResolvers<void>();
    const subscribed = connectApollo(second.url)(activity, { after: cursor }).subscribe({
      next({ data }) {
        got.push(data?.ingestionActivity.to);
        rest.resolve();
      },
      error: rest.reject,
    });
    await rest.promise;
    subscribed.unsubscribe();
    expect(got).toEqual(['IN_PROGRESS', 'SUCCESS']);
    await untilMetric(second.url, 'sluice_http_streams', 0);
  });

  it('completes after the terminal transition, even if nothing came before', async () => {
    const requestId = await gateway.upstream.startElsewhere('XDM44');
    await gateway.upstream.finish();
    const connected = connectApollo(gateway.url);
    let query = toSubscription(requestId);
    const follow = () =>
      new Promise<string[]>((resolve, reject) => {
        const cursors: string[] = [];
        connected(gql(query)).subscribe({
          next({ data, error }) {
            if (error) reject(error);
            else cursors.push((Object.values(data ?? {})[0] as { cursor: string }).cursor);
          },
          error: reject,
          complete: () => resolve(cursors),
        });
      });
    const cursors = await follow();
    expect(cursors).toHaveLength(1);
    query = query.replace('")', `", after: "${cursors[0]}")`);
    expect(await follow()).toEqual([]);
  });

  it('receives a refusal as a GraphQL error, and can leave silently', async () => {
    const connected = connectApollo(gateway.url);
    const refused = await new Promise((resolve, reject) => {
      connected(activity, { after: 'none' }).subscribe({ next: resolve, error: reject });
    });
    expect(refused).toMatchObject({
      error: { errors: [{ extensions: { code: 'CURSOR_INVALID' } }] },
    });
    const subscribed = connected(activity).subscribe({ next: () => {} });
    await untilMetric(gateway.url, 'sluice_stream_listeners', 1);
    subscribed.unsubscribe();
    await untilMetric(gateway.url, 'sluice_http_streams', 0);
  });
});
