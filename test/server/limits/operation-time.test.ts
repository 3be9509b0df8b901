import { expect, it } from '@jest/globals';
import {
  type ExecutionResult,
  execute,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  parse,
} from 'graphql';
import { limitOperationTime } from '../../../src/server/limits/operation-time.js';

const TIMEOUT_MS = 20;

/** A schema with slow fields, and with fields that never resolve. */
function limitedSchema(): GraphQLSchema {
  const resolve = () => new Promise<never>(() => {});
  const request: GraphQLObjectType = new GraphQLObjectType({
    name: 'Request',
    fields: () => ({
      id: { type: new GraphQLNonNull(GraphQLString), resolve: () => '1' },
      silent: { type: GraphQLString, resolve },
      needed: { type: new GraphQLNonNull(GraphQLString), resolve },
      late: {
        type: new GraphQLNonNull(GraphQLString),
        resolve: () => new Promise((done) => setTimeout(done, 2 * TIMEOUT_MS, 'late')),
      },
      next: { type: request, resolve: () => ({}) },
    }),
  });
  const root = { type: request, resolve: () => ({}) };
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: { request: root } }),
    mutation: new GraphQLObjectType({ name: 'Mutation', fields: { start: root } }),
    subscription: new GraphQLObjectType({ name: 'Subscription', fields: { happened: root } }),
  });
  limitOperationTime(schema, TIMEOUT_MS);
  return schema;
}

async function run(query: string): Promise<ExecutionResult> {
  const contextValue = { startedAt: performance.now() };
  return execute({ schema: limitedSchema(), document: parse(query), contextValue });
}

const silent = (...path: string[]) => [
  expect.objectContaining({
    path,
    message: 'There was no answer within 20 ms. Ask for less, or try again.',
  }),
];

it('a nested field without an answer in time is an error, and the rest is answered', async () => {
  const { data, errors } = await run('{ request { id next { id silent } } }');
  expect(data).toEqual({ request: { id: '1', next: { id: '1', silent: null } } });
  expect(errors).toEqual(silent('request', 'next', 'silent'));
});

it('a field of an event without an answer in time is an error', async () => {
  const { data, errors } = await run('subscription { happened { id silent } }');
  expect(data).toEqual({ happened: { id: '1', silent: null } });
  expect(errors).toEqual(silent('happened', 'silent'));
});

it('a required field without an answer in time makes its parent null', async () => {
  const { data, errors } = await run('{ request { id needed } }');
  expect(data).toEqual({ request: null });
  expect(errors).toEqual(silent('request', 'needed'));
});

it('a start is awaited even if a required field below it takes too long', async () => {
  const { data, errors } = await run('mutation { start { id late silent } }');
  expect(data).toEqual({ start: { id: '1', late: 'late', silent: null } });
  expect(errors).toEqual(silent('start', 'silent'));
});
