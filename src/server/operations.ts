import type { ApolloServer } from '@apollo/server';
import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type FormattedExecutionResult,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  getOperationAST,
  parse,
  validate,
} from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import type { OperationContext } from '../resolvers/operation-context.js';
import { parseOptions } from './apollo.js';
import { type ErrorFormatter, toFormattedError } from './graphql-errors.js';
import { type OperationReport, type OperationReporter, toErrorCodes } from './operation-log.js';

/** How an operation that came over a socket is prepared and run: as one over HTTP, as far as HTTP goes. */
export interface Operations {
  /** Parse and validate, by the rules of HTTP and with its errors. */
  prepare(payload: SubscribePayload): ExecutionArgs | readonly GraphQLError[];
  /** Run a query or a mutation the way HTTP does. */
  execute(args: ExecutionArgs): Promise<FormattedExecutionResult>;
  /**
   * Open a subscription; each event is executed in a context of its own. Where it cannot be opened, the
   * first `next()` throws: a stream that fails must not look as if it had come to its end.
   */
  subscribe(args: ExecutionArgs): Promise<AsyncIterableIterator<ExecutionResult>>;
  /** What clients see of the errors of a stream, or of one that could not be opened. */
  formatErrors(errors: readonly GraphQLError[]): readonly GraphQLFormattedError[];
}

export interface OperationsOptions {
  readonly schema: GraphQLSchema;
  readonly apollo: ApolloServer<OperationContext>;
  readonly newContext: () => OperationContext;
  readonly formatError: ErrorFormatter;
  readonly reportOperation: OperationReporter;
}

export function createOperations(options: OperationsOptions): Operations {
  const { schema, apollo, newContext, formatError } = options;

  function formatErrors(errors: readonly GraphQLError[]): readonly GraphQLFormattedError[] {
    return errors.flatMap(toRefusals).map((error) => toFormattedError(error, formatError));
  }

  function report(
    type: OperationReport['type'],
    name: string | null,
    startedAt: number,
    errors: readonly GraphQLFormattedError[],
  ): void {
    const durationMs = performance.now() - startedAt;
    const errorCodes = toErrorCodes(errors);
    options.reportOperation({ transport: 'websocket', type, name, durationMs, errorCodes });
  }

  return {
    prepare({ query, operationName, variables }) {
      const startedAt = performance.now();
      const document = parseValid(schema, query, operationName);
      if (!('kind' in document)) {
        report('invalid', null, startedAt, formatErrors(document));
        return document;
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
      const startedAt = performance.now();
      const source = await createSourceEventStream(args);
      const errors = 'errors' in source ? (source.errors ?? []) : [];
      const name = getOperationAST(args.document, args.operationName)?.name?.value ?? null;
      report('subscription', name, startedAt, formatErrors(errors));
      return Symbol.asyncIterator in source
        ? mapEvents(source[Symbol.asyncIterator](), (event) =>
            execute({ ...args, rootValue: event, contextValue: newContext() }),
          )
        : refused(errors);
    },

    formatErrors,
  };
}

/** The document, or what is wrong with it. */
function parseValid(
  schema: GraphQLSchema,
  query: string,
  operationName: string | null | undefined,
): DocumentNode | readonly GraphQLError[] {
  if (query === '') return [emptyQuery()];
  const document = parseDocument(query);
  if (document instanceof GraphQLError) return [document];
  const invalid = validate(schema, document);
  if (invalid.length > 0)
    return invalid.map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED'));
  return getOperationAST(document, operationName) ? document : [unknownOperation(operationName)];
}

function parseDocument(query: string): DocumentNode | GraphQLError {
  try {
    return parse(query, parseOptions);
  } catch (error) {
    if (error instanceof GraphQLError) return withCode(error, 'GRAPHQL_PARSE_FAILED');
    throw error;
  }
}

/** In Apollo Server's words. */
function emptyQuery(): GraphQLError {
  return new GraphQLError(
    'GraphQL operations must contain a non-empty `query` or a `persistedQuery` extension.',
    { extensions: { code: 'BAD_REQUEST' } },
  );
}

/** In Apollo Server's words. */
function unknownOperation(operationName: string | null | undefined): GraphQLError {
  const message =
    operationName != null
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

/** Why a subscription could not be opened. */
class SubscriptionRefused extends Error {
  override readonly name = 'SubscriptionRefused';

  constructor(readonly errors: readonly GraphQLError[]) {
    super('The subscription could not be opened.');
  }
}

function refused(errors: readonly GraphQLError[]): AsyncIterableIterator<never> {
  return {
    next: () => Promise.reject(new SubscriptionRefused(errors)),
    return: async () => ({ done: true, value: undefined }),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** graphql-ws wraps what a stream throws into an error of its own. */
function toRefusals(error: GraphQLError): readonly GraphQLError[] {
  const { originalError } = error;
  return originalError instanceof SubscriptionRefused ? originalError.errors : [error];
}

/**
 * An iterator's values, mapped. Not an async generator: its `return()` would wait for a pending `next()`,
 * and a client that leaves would leave its work behind until the next event.
 */
function mapEvents<Event, Result>(
  source: AsyncIterator<Event>,
  toResult: (event: Event) => Result | Promise<Result>,
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
