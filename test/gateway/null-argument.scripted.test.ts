import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  buildSchema,
  type GraphQLField,
  type GraphQLInputField,
  isInputObjectType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { useOddBytesGateway } from '../support/odd-bytes-gateway.js';
import { askSocket, openSocket } from '../support/raw-socket.js';

const gateway = useOddBytesGateway();
const { ask } = gateway;

describe('null', () => {
  const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
  const withDefault = Object.values(schema.getTypeMap()).flatMap((type) => {
    const fields: readonly (GraphQLField<unknown, unknown> | GraphQLInputField)[] =
      isInputObjectType(type) || isObjectType(type) ? Object.values(type.getFields()) : [];
    return fields
      .flatMap((field) =>
        ('args' in field ? field.args : [field]).map((input) => ({ field, input })),
      )
      .filter(({ input }) => !type.name.startsWith('__') && input.defaultValue !== undefined)
      .map(({ field, input }) => ({
        name: [type.name, ...new Set([field.name, input.name])].join('.'),
        isNullable: !isNonNullType(input.type),
      }));
  });

  /** The operation with this value for its argument, or without the argument. */
  const operations: Record<string, (value: string | null) => string> = {
    'Query.ingestionRequests.first': (value) =>
      `ingestionRequests(filter: null, after: null ${given('first', value)}) { pageInfo { hasNextPage } }`,
    'Query.mappings.first': (value) =>
      `mappings(after: null ${given('first', value)}) { pageInfo { hasNextPage } }`,
    'Query.jobs.first': (value) =>
      `jobs(filter: null, after: null ${given('first', value)}) { pageInfo { hasNextPage } }`,
    'Mapping.requests.first': (value) =>
      `mapping(mappingId: "XDM44") { requests(filter: null, after: null ${given('first', value)}) { pageInfo { hasNextPage } } }`,
    'Job.rejects.first': (value) =>
      `jobs { nodes { rejects(after: null ${given('first', value)}) { pageInfo { hasNextPage } } } }`,
    'IngestionRequest.transitions.first': (value) =>
      `ingestionStatus(mappingId: "XDM44", requestId: "7", maxAgeMs: null) { transitions(after: null ${given('first', value)}) { nodes { to } } }`,
    'StartIngestionInput.retryOnAbort': (value) =>
      `startIngestion(input: { mappingId: "XDM44", idempotencyKey: null ${given('retryOnAbort', value)} }) { __typename }`,
  };
  const given = (name: string, value: string | null) => (value === null ? '' : `${name}: ${value}`);

  it('is the default of every argument that has one', () => {
    expect(withDefault.filter(({ isNullable }) => !isNullable)).toEqual([]);
    // administration.test.ts covers publishing, with a service that supports it.
    const others = withDefault.filter(({ name }) => !name.startsWith('PublishMappingInput'));
    expect(others.map(({ name }) => name).sort()).toEqual(Object.keys(operations).sort());
  });

  it.each(Object.keys(operations))('is the default of %s', async (name) => {
    const field = operations[name] as (value: string | null) => string;
    const type = name.startsWith('StartIngestionInput') ? 'mutation' : 'query';
    const leftOut = await ask(`${type} { ${field(null)} }`);
    expect(leftOut.errors).toBeUndefined();
    expect(await ask(`${type} { ${field('null')} }`)).toEqual(leftOut);
    expect(await ask(`${type} ($n: Int) { ${field('$n')} }`, { n: null })).toEqual(leftOut);
    expect(await ask(`${type} ($n: Int = 3) { ${field('$n')} }`, { n: null })).toEqual(leftOut);
  });

  it.each([
    ['an argument', '($m: ID = "XDM44") { ingestionStatus(mappingId: $m, requestId: 7) { id } }'],
    [
      'an item',
      '($m: ID = "XDM44") { ingestionRequests(filter: { mappingIds: [$m] }) { nodes { id } } }',
    ],
    [
      'a field of an input',
      '($m: ID = "X") { ingestionStatuses(requests: [{ mappingId: $m, requestId: 7 }]) { id } }',
    ],
    ['a directive', '($m: Boolean = true) { ingestionRequests @skip(if: $m) { nodes { id } } }'],
  ])('is refused for a variable of %s that must not be null', async (_, operation) => {
    const { errors } = await ask(`query ${operation}`, { m: null });
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    const socket = await openSocket(gateway.url);
    expect(
      await askSocket(socket, { query: `query ${operation}`, variables: { m: null } }),
    ).toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
    });
  });
});
