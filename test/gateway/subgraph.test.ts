import { composeServices } from '@apollo/composition';
import { expect, it } from '@jest/globals';
import { parse } from 'graphql';
import { toMappingScope } from '../../src/ingestion/caller.js';
import { newApiKey } from '../../src/server/sign-in/api-keys.js';
import {
  createWorkspace,
  mappingYaml,
  peopleCsv,
  startService,
} from '../campaign/support/running-service.js';
import { IngestionStatusChangedDocument, StartIngestionDocument } from '../generated/operations.js';
import { askGateway } from '../support/ask-gateway.js';
import { statusAnswers } from '../support/campaign-answers.js';
import { toUpstream } from '../support/faulty-campaign.js';
import { askSocket, openSocket } from '../support/raw-socket.js';
import { json, startScriptedUpstream } from '../support/scripted-upstream.js';
import { startTestGateway, type TestGatewayOptions } from '../support/test-gateway.js';

/** A subgraph of another team, with Relay’s types and a field of its own for our mappings. */
const NEIGHBOUR = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])
  interface Node { id: ID! }
  type PageInfo @shareable {
    hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String
  }
  type Team implements Node @key(fields: "id") { id: ID! name: String! }
  type TeamEdge { cursor: String! node: Team! }
  type TeamConnection { edges: [TeamEdge!]! pageInfo: PageInfo! }
  type Mapping @key(fields: "id") { id: ID! owner: Team }
  type Query { node(id: ID!): Node teams(first: Int, after: String): TeamConnection! }
`;

/** A subgraph whose upstream has a request of `crm` that succeeded. */
async function startSubgraph(options: TestGatewayOptions = {}) {
  const upstream = await startScriptedUpstream();
  upstream.otherwise(json(200, statusAnswers.success('crm', 1)));
  const { url, stop } = await startTestGateway(upstream.url, { isSubgraph: true, ...options });
  return {
    url,
    upstream,
    async [Symbol.asyncDispose]() {
      await stop();
      await upstream.close();
    },
  };
}

it('composes with a neighbour, and resolves its entities for those who may see them', async () => {
  const [reader, stranger] = [newApiKey(), newApiKey()];
  const entry = { rights: ['ingestion:read'] as const, expiresAt: null };
  await using gateway = await startSubgraph({
    signIn: {
      accessTokens: null,
      apiKeys: [
        { ...entry, name: 'reader', mappings: toMappingScope(['crm']), sha256: reader.sha256 },
        { ...entry, name: 'stranger', mappings: toMappingScope(['web']), sha256: stranger.sha256 },
      ],
    },
  });
  const ask = (query: string, { key } = reader) =>
    askGateway(gateway.url, query, { authorization: `Bearer ${key}` });

  const { data } = await ask(`{ _service { sdl }
    ingestionStatus(mappingId: "crm", requestId: "1") { id transitions { nodes { id } pageInfo { endCursor } } } }`);
  const { errors, hints } = composeServices([
    { name: 'sluice', typeDefs: parse(data._service.sdl), url: gateway.url },
    { name: 'neighbour', typeDefs: parse(NEIGHBOUR), url: 'http://neighbour' },
  ]);
  expect(errors).toBeUndefined();
  expect(hints?.filter(({ definition }) => /INCONSISTENT/.test(definition.code))).toEqual([]);

  const { id, transitions } = data.ingestionStatus;
  const entities = `{ _entities(representations: [
    { __typename: "IngestionRequest", id: "${id}" }
    { __typename: "IngestionTransition", id: "${transitions.nodes[0].id}" }
    { __typename: "Mapping", id: "${id}" }
  ]) { __typename ... on IngestionRequest { requestId status } ... on IngestionTransition { to } } }`;
  const found = await ask(entities);
  expect(found.errors).toBeUndefined();
  expect(found.data._entities).toEqual([
    { __typename: 'IngestionRequest', requestId: '1', status: 'SUCCESS' },
    { __typename: 'IngestionTransition', to: 'SUCCESS' },
    null,
  ]);
  expect((await ask(entities, stranger)).data._entities).toEqual([null, null, null]);

  const socket = await openSocket(gateway.url, { isGreeted: false });
  const authorization = `Bearer ${reader.key}`;
  socket.send({ type: 'connection_init', payload: { authorization } });
  await socket.next();
  const query = `subscription { ingestionStatusChanged(id: "${id}") { to } }`;
  expect(await askSocket(socket, { query })).toEqual({
    data: { ingestionStatusChanged: { to: 'SUCCESS' } },
  });
  await socket.close();
});

it('accepts ids in variables, as a router sends them', async () => {
  await using gateway = await startSubgraph();
  const query = `query ($mappingId: ID!, $requestId: ID!) {
    ingestionStatus(mappingId: $mappingId, requestId: $requestId) { requestId status }
  }`;
  const ask = (requestId: unknown) =>
    askGateway(gateway.url, query, {}, { mappingId: 'crm', requestId });

  expect(await ask('1')).toEqual({
    data: { ingestionStatus: { requestId: '1', status: 'SUCCESS' } },
  });
  expect(await ask(1)).toEqual(await ask('1'));
  expect((await ask(2 ** 53)).errors[0].message).toContain('loses digits');
});

it('reports an invalid representation as the client’s error', async () => {
  await using gateway = await startSubgraph();
  const query = 'query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }';
  for (const representation of [
    { __typename: 'Nope', id: '1' },
    { __typename: 'PageInfo', id: '1' },
    { id: '1' },
    { __typename: 'Mapping', mappingId: 'crm' },
    { __typename: 'Mapping', id: 5 },
    'Mapping',
  ]) {
    const { errors } = await askGateway(gateway.url, query, {}, { r: [representation] });
    expect(errors).toEqual([
      expect.objectContaining({
        message: expect.stringMatching(
          /^A representation has an id, which is a string, and one of these as __typename: .*\bMapping\b/,
        ),
        extensions: { code: 'BAD_USER_INPUT' },
      }),
    ]);
  }
});

it('resolves an entity of each type that has a key', async () => {
  await using left = new AsyncDisposableStack();
  const space = left.use(
    await createWorkspace({
      'crm.yaml': mappingYaml('crm', { changed: 'id' }),
      'people.csv': peopleCsv(3),
    }),
  );
  const service = left.use(await startService(space));
  const gateway = await startTestGateway(service.url, {
    upstream: toUpstream(service.url),
    isSubgraph: true,
  });
  left.defer(() => gateway.stop());
  const { client } = gateway;
  const started = await client.execute(StartIngestionDocument, { mappingId: 'crm' });
  const outcome = started.data?.startIngestion;
  if (outcome?.__typename !== 'IngestionSubmitted') throw new Error(JSON.stringify(started));
  await client.subscribe(IngestionStatusChangedDocument, {
    mappingId: 'crm',
    requestId: outcome.request.requestId,
  }).completed;

  const { data } = await askGateway(
    gateway.url,
    `{ _service { sdl } mapping(mappingId: "crm") { id }
       jobs { nodes { id request { id transitions { nodes { id } } } } } }`,
  );
  const [job] = data.jobs.nodes;
  const ids: Record<string, string> = {
    IngestionRequest: job.request.id,
    IngestionTransition: job.request.transitions.nodes[0].id,
    Job: job.id,
    Mapping: data.mapping.id,
  };
  const keyed = [...data._service.sdl.matchAll(/type (\w+)[^{]*@key\(fields: "id"\)/g)];
  expect(keyed.map(([, name]) => name).sort()).toEqual(Object.keys(ids));
  const query = `query ($r: [_Any!]!) { _entities(representations: $r) { __typename ${Object.keys(
    ids,
  ).map((name) => `... on ${name} { id }`)} } }`;
  const representations = Object.entries(ids).map(([__typename, id]) => ({ __typename, id }));
  const ask = (r: unknown) => askGateway(gateway.url, query, {}, { r });
  expect(await ask(representations)).toEqual({ data: { _entities: representations } });
  // Each id under every other type, and made-up ids.
  const [mapping] = Object.values(ids).slice(-1);
  const wrong = [
    ...Object.keys(ids).flatMap((__typename) =>
      Object.entries(ids)
        .filter(([name]) => name !== __typename)
        .map(([, id]) => ({ __typename, id })),
    ),
    { __typename: 'Mapping', id: '' },
    { __typename: 'Mapping', id: `${mapping}=` },
    { __typename: 'Mapping', id: Buffer.from('Mapping:[".."]').toString('base64url') },
  ];
  expect(await ask(wrong)).toEqual({ data: { _entities: wrong.map(() => null) } });
});

it('includes representations in the cost of an operation', async () => {
  await using gateway = await startSubgraph();
  const query = 'query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }';
  const id = Buffer.from('IngestionRequest:["crm","1"]').toString('base64url');
  // As many as fit into a body.
  const r = Array.from({ length: 1_500 }, () => ({ __typename: 'IngestionRequest', id }));
  const inVariables = await askGateway(gateway.url, query, {}, { r });
  const literal = `{ __typename: "IngestionRequest", id: "${id}" }`;
  const inText = await askGateway(
    gateway.url,
    `{ ${['a', 'b', 'c', 'd']
      .map(
        (alias) => `${alias}: _entities(representations: [${literal.repeat(40)}]) {
      __typename ... on IngestionRequest { transitions(first: 100) { nodes { id request { id } } } } }`,
      )
      .join(' ')} }`,
  );
  for (const { errors, data } of [inVariables, inText]) {
    expect(data).toBeUndefined();
    expect(errors).toEqual([
      expect.objectContaining({ extensions: { code: 'OPERATION_TOO_COMPLEX' } }),
    ]);
  }
  const tooLarge = await askGateway(gateway.url, query, {}, { r: [...r, ...r] });
  expect(tooLarge.errors[0].message).toBe('A body may have at most 131072 bytes.');
  expect(gateway.upstream.calls).toEqual([]);
});

it('sends no trace to anybody, so shared answers contain none', async () => {
  await using gateway = await startSubgraph();
  const query = '{ ingestionStatus(mappingId: "crm", requestId: "1") { status } }';
  const answer = { data: { ingestionStatus: { status: 'SUCCESS' } } };
  const traced = { 'apollo-federation-include-trace': 'ftv1' };
  expect(await askGateway(gateway.url, query, traced)).toEqual(answer);
  expect(await askGateway(gateway.url, query)).toEqual(answer);
});

it("reports nothing to Apollo, whatever environment variables Apollo's tools have", async () => {
  await using left = new AsyncDisposableStack();
  const environment = {
    APOLLO_KEY: 'service:acme:planted',
    APOLLO_GRAPH_REF: 'acme@current',
    APOLLO_SCHEMA_REPORTING: 'true',
  };
  for (const name of Object.keys(environment)) left.defer(() => void delete process.env[name]);
  Object.assign(process.env, environment);
  const upstream = await startScriptedUpstream();
  left.defer(() => upstream.close());
  const gateway = await startTestGateway(upstream.url);
  left.defer(() => gateway.stop());
  await askGateway(gateway.url, '{ __typename }');
  expect(gateway.logLines.filter(({ msg }) => /reporting/i.test(String(msg)))).toEqual([]);
});
