import {
  ApolloClient,
  ApolloLink,
  gql,
  HttpLink,
  InMemoryCache,
  NetworkStatus,
} from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { getMainDefinition } from '@apollo/client/utilities';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient } from 'graphql-ws';
import { filter, firstValueFrom, ReplaySubject } from 'rxjs';
import { startTestUpstream } from '../../../test/support/start-test-upstream.js';
import { startTestGateway, type TestGateway } from '../../../test/support/test-gateway.js';
import { oddMappings, type TestUpstream } from '../../../test/support/test-upstream.js';
import { possibleTypes, typePolicies } from '../src/apollo.js';
import { resumable } from '../src/resumable.js';

const mappingId = 'XDM44';

let upstream: TestUpstream;
let gateway: TestGateway;
const running = new AsyncDisposableStack();

beforeAll(async () => {
  upstream = await startTestUpstream([mappingId, 'TestDoc']);
  running.defer(() => upstream.close());
  gateway = await startTestGateway(upstream.config);
  running.defer(() => gateway.stop());
});

afterEach(() => upstream.finish());

afterAll(() => running.disposeAsync());

/** As Apollo's documentation has it. */
function connect(options: ConstructorParameters<typeof InMemoryCache>[0]): ApolloClient {
  const uri = `${gateway.url}/graphql`;
  const sockets = resumable(createClient({ url: uri.replace('http', 'ws') }));
  const client = new ApolloClient({
    cache: new InMemoryCache(options),
    link: ApolloLink.split(
      ({ query }) => {
        const definition = getMainDefinition(query);
        return definition.kind === 'OperationDefinition' && definition.operation === 'subscription';
      },
      new GraphQLWsLink(sockets),
      new HttpLink({ uri }),
    ),
  });
  running.defer(async () => {
    client.stop();
    await sockets.dispose();
  });
  return client;
}

const START = gql`
  mutation ($mappingId: ID!) {
    startIngestion(input: { mappingId: $mappingId }) {
      ... on IngestionSubmitted { request { id requestId status isTerminal numRecords } }
      ... on StartIngestionFailure { mappingId message }
    }
  }
`;

interface Started {
  readonly startIngestion: {
    readonly request: { readonly id: string; readonly requestId: string };
    readonly message?: string;
  };
}

async function start(client: ApolloClient, of = mappingId): Promise<Started['startIngestion']> {
  const { data } = await client.mutate<Started>({ mutation: START, variables: { mappingId: of } });
  if (!data) throw new Error('Nothing came of the start.');
  return data.startIngestion;
}

it('has the text of a failure, which Apollo drops where it does not know the types', async () => {
  const ofUnpublished = { mappingId: oddMappings.unpublished };
  const told = await start(connect({ possibleTypes }), oddMappings.unpublished);
  expect(told).toMatchObject({ ...ofUnpublished, message: expect.stringMatching(/publish/) });
  expect(await start(connect({}), oddMappings.unpublished)).not.toHaveProperty('message');
});

describe('a transition', () => {
  const REQUEST = gql`
    fragment Shown on IngestionRequest { id status isTerminal numRecords }
  `;
  const TRANSITIONS = gql`
    subscription ($requestId: ID!) {
      ingestionStatusChanged(mappingId: "${mappingId}", requestId: $requestId) {
        to
        numRecords
        request { id }
      }
    }
  `;

  it('moves its request in the cache, forward only', async () => {
    const client = connect({ possibleTypes, typePolicies });
    const { id, requestId } = (await start(client)).request;
    const shown = () =>
      client.readFragment({ id: `IngestionRequest:${id}`, fragment: REQUEST }) as object;
    const before = shown();
    expect(before).toMatchObject({ status: 'IN_PROGRESS', isTerminal: false, numRecords: null });
    const follow = () =>
      client.subscribe({
        query: TRANSITIONS,
        variables: { requestId },
        fetchPolicy: 'network-only',
      });

    const followed = new Promise<void>((complete) => follow().subscribe({ complete }));
    await upstream.finish();
    await followed;
    const after = { status: 'SUCCESS', isTerminal: true, numRecords: 15 };
    expect(shown()).toMatchObject(after);

    // Replayed from the first one on.
    await firstValueFrom(follow());
    expect(shown()).toMatchObject(after);
    // As an answer that was asked for before.
    client.writeFragment({ id: `IngestionRequest:${id}`, fragment: REQUEST, data: before });
    expect(shown()).toMatchObject(after);
  });
});

describe('pages', () => {
  it.each([
    ['edges', 'edges { node { id requestId } }'],
    ['nodes', 'nodes { id requestId }'],
  ])('of %s join to one list, one for each filter', async (_what, members) => {
    const query = gql`
      query ($filter: IngestionRequestFilter, $first: Int, $after: Cursor) {
        ingestionRequests(filter: $filter, first: $first, after: $after) {
          ${members}
          pageInfo { hasNextPage endCursor }
        }
      }
    `;
    const client = connect({ possibleTypes, typePolicies });
    for (let count = 0; count < 3; count += 1) {
      await start(client);
      await upstream.finish();
    }
    const ofMapping = { mappingIds: [mappingId] };
    const all = await client.query({ query, variables: { filter: ofMapping, first: 100 } });
    const pages = client.watchQuery({
      query,
      variables: { filter: ofMapping, first: 1 },
      fetchPolicy: 'network-only',
    });
    const shown = new ReplaySubject<ReturnType<typeof toPage>>(1);
    const watching = pages.subscribe(({ data, networkStatus }) => {
      if (data && networkStatus === NetworkStatus.ready) shown.next(toPage(data));
    });
    const untilShown = (count: number) =>
      firstValueFrom(shown.pipe(filter(({ members }) => members.length === count)));
    let count = 1;
    let page = await untilShown(count);
    while (page.pageInfo.hasNextPage) {
      const variables = { after: page.pageInfo.endCursor };
      await pages.fetchMore({ variables });
      count += 1;
      page = await untilShown(count);
      // The same one again changes nothing.
      await pages.fetchMore({ variables });
    }
    expect(count).toBeGreaterThan(2);
    expect(page.members).toEqual(toPage(all.data).members);
    watching.unsubscribe();

    // Somewhere in the middle, for one who begins there.
    const later = connect({ possibleTypes, typePolicies });
    const begin = await later.query({
      query,
      variables: { filter: ofMapping, first: 1 },
      fetchPolicy: 'no-cache',
    });
    const { endCursor: after } = toPage(begin.data).pageInfo;
    for (let asked = 0; asked < 2; asked += 1) {
      const { data } = await later.query({
        query,
        variables: { filter: ofMapping, first: 1, after },
        fetchPolicy: 'network-only',
      });
      expect(toPage(data).members).toHaveLength(1);
    }
    const others = { filter: { mappingIds: ['TestDoc'] }, first: 1 };
    expect(toPage((await client.query({ query, variables: others })).data).members).toEqual([]);
  });

  interface Connection {
    readonly edges?: readonly { readonly node: { readonly id: string } }[];
    readonly nodes?: readonly { readonly id: string }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
  }

  function toPage(data: unknown) {
    const { edges, nodes, pageInfo } = (data as { ingestionRequests: Connection })
      .ingestionRequests;
    const members = edges?.map(({ node }) => node) ?? nodes ?? [];
    return { members: members.map(({ id }) => id), pageInfo };
  }
});
