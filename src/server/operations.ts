import type { ApolloServer } from '@apollo/server';
import {
  createSourceEventStream,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type FormattedExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  parse,
  validate,
} from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import type { OperationContext } from '../resolvers/operation-context.js';

/** How an operation that came over a socket is prepared and run. */
export interface Operations {
  /** Parse and validate, by the rules of HTTP and with its errors. */
  prepare(payload: SubscribePayload): ExecutionArgs | readonly GraphQLError[];
  /** Run a query or a mutation the way HTTP does. */
  execute(args: ExecutionArgs): Promise<FormattedExecutionResult>;
  /** Open a subscription; each event is executed in a context of its own. */
  subscribe(args: ExecutionArgs): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult>;
}

export interface OperationsOptions {
  readonly schema: GraphQLSchema;
  readonly apollo: ApolloServer<OperationContext>;
  readonly newContext: () => OperationContext;
}

export function createOperations({ schema, apollo, newContext }: OperationsOptions): Operations {
  return {
    prepare({ query, operationName, variables }) {
      const document = parseDocument(query);
      if (document instanceof GraphQLError) return [document];
      const invalid = validate(schema, document);
      if (invalid.length > 0) return invalid.map((e) => withCode(e, 'GRAPHQL_VALIDATION_FAILED'));
      if (!getOperationAST(document, operationName)) {
        return [unknownOperation(operationName)];
      }
      return {
        schema,
        document,
        operationName: operationName ?? null,
        variableValues: variables ?? null,
        contextValue: newContext(),
      };
    },

    async execute({ document, operationName, variableValues, contextValue }) {
      const { body } = await apollo.executeOperation(
        {
          // The text itself: a document would be printed, and its locations would be others.
          query: document.loc?.source.body ?? document,
          ...(operationName != null && { operationName }),
          ...(variableValues != null && { variables: variableValues }),
        },
        { contextValue: contextValue as OperationContext },
      );
      if (body.kind !== 'single') throw new Error('Incremental delivery is not switched on.');
      return body.singleResult as FormattedExecutionResult;
    },

    async subscribe(args) {
      const source = await createSourceEventStream(args);
      if (!(Symbol.asyncIterator in source)) return source;
      return mapEvents(source[Symbol.asyncIterator](), async (event) =>
        execute({ ...args, rootValue: event, contextValue: newContext() }),
      );
    },
  };
}

function parseDocument(query: string): ReturnType<typeof parse> | GraphQLError {
  try {
    return parse(query);
  } catch (error) {
    if (error instanceof GraphQLError) return withCode(error, 'GRAPHQL_PARSE_FAILED');
    throw error;
  }
}

/** In Apollo Server's words. */
function unknownOperation(operationName: string | null | undefined): GraphQLError {
  const message = operationName
    ? `Unknown operation named "${operationName}".`
    : 'Must provide operation name if query contains multiple operations.';
  return new GraphQLError(message, { extensions: { code: 'OPERATION_RESOLUTION_FAILURE' } });
}

function withCode(error: GraphQLError, code: string): GraphQLError {
  return new GraphQLError(error.message, {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    originalError: error.originalError ?? null,
    extensions: { ...error.extensions, code },
  });
}

/**
 * An iterator's values, mapped. Not an async generator: its `return()` would wait for a pending `next()`,
 * and a client that leaves would leave its work behind until the next event.
 */
function mapEvents<Event, Result>(
  source: AsyncIterator<Event>,
  toResult: (event: Event) => Promise<Result>,
): AsyncIterableIterator<Result> {
  return {
    async next() {
      const step = await source.next();
      return step.done
        ? { done: true, value: undefined }
        : { done: false, value: await toResult(step.value) };
    },
    async return() {
      await source.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
