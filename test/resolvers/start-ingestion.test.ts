import { expect, it } from '@jest/globals';
import { type ExecutionResult, execute, parse } from 'graphql';
import { anonymous, toMappingScope } from '../../src/ingestion/caller.js';
import { UpstreamError } from '../../src/ingestion/gateway-error.js';
import type { StartInput } from '../../src/ingestion/start-intent.js';
import type { OperationContext } from '../../src/resolvers/operation-context.js';
import { buildGatewaySchema, type Domain } from '../../src/server/operations/build-schema.js';

const fault = new TypeError('planted');
const faults: unknown[] = [];

/** Starts nothing: the name of each mapping tells its outcome. */
async function start({ mappingId }: StartInput) {
  if (mappingId === 'broken') throw fault;
  if (mappingId === 'down') throw new UpstreamError('UPSTREAM_UNAVAILABLE', 'No answer came.');
  return { kind: 'refused', mappingId, message: 'No.' } as const;
}

async function run(query: string): Promise<ExecutionResult> {
  const schema = await buildGatewaySchema({ startIngestion: start } as unknown as Domain);
  const contextValue: Partial<OperationContext> = {
    caller: { ...anonymous, mappings: toMappingScope(['broken', 'down', 'fine']) },
    takeStarts: async () => {},
    reportInternalError: (reported) => void faults.push(reported),
  };
  return execute({ schema, document: parse(query), contextValue });
}

const selection = `{
  __typename
  ... on StartIngestionFailure { mappingId }
  ... on StartIngestionError { code outcomeUnknown }
}`;
const fine = { __typename: 'IngestionRefused', mappingId: 'fine' };
const failed = (mappingId: string, code: string, outcomeUnknown: boolean) => ({
  __typename: 'StartIngestionError',
  mappingId,
  code,
  outcomeUnknown,
});
const input = (mappingId: string) => `{ mappingId: "${mappingId}" }`;

it('reports the failure of one start as its own outcome among the others', async () => {
  faults.length = 0;
  const inputs = ['fine', 'broken', 'down', 'foreign', 'fine'].map(input).join(' ');
  const { data, errors } = await run(
    `mutation { startIngestions(inputs: [${inputs}]) ${selection} }`,
  );
  expect(errors).toBeUndefined();
  expect(data?.startIngestions).toEqual([
    fine,
    failed('broken', 'INTERNAL_SERVER_ERROR', true),
    failed('down', 'UPSTREAM_UNAVAILABLE', false),
    failed('foreign', 'FORBIDDEN', false),
    fine,
  ]);
  expect(faults).toEqual([fault]);
});

it('reports a failed start as an outcome, and an invalid input as an error', async () => {
  const { data, errors } = await run(`mutation {
    a: startIngestion(input: ${input('fine')}) ${selection}
    b: startIngestion(input: ${input('broken')}) ${selection}
    c: startIngestions(inputs: [${input('')}]) ${selection}
    d: startIngestion(input: ${input('down')}) ${selection}
    e: startIngestion(input: ${input('foreign')}) ${selection}
  }`);
  expect(data).toEqual({
    a: fine,
    b: failed('broken', 'INTERNAL_SERVER_ERROR', true),
    c: null,
    d: failed('down', 'UPSTREAM_UNAVAILABLE', false),
    e: null,
  });
  expect(errors?.map(({ path }) => path)).toEqual([['c'], ['e']]);
});
