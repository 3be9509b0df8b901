import type { ApolloServerOptions, BaseContext } from '@apollo/server';
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  type OperationDefinitionNode,
  type ParseOptions,
  parse,
  validate,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { allValidationRules, type OperationRules } from './operation-rules.js';

/** The maximum number of kept documents, and of their characters: a parsed one takes far more. */
const MAX_KEPT_DOCUMENTS = 2_000;
const MAX_KEPT_CHARS = 1024 * 1024;

type DocumentStore = NonNullable<ApolloServerOptions<BaseContext>['documentStore']>;

/** An operation that can be executed. */
export interface PreparedOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

function keepDocuments(): LRUCache<string, DocumentNode> {
  return new LRUCache({
    max: MAX_KEPT_DOCUMENTS,
    maxSize: MAX_KEPT_CHARS,
    // A document holds on to its text.
    sizeCalculation: ({ loc }) => loc?.source.body.length || 1,
  });
}

/**
 * Where Apollo Server keeps valid documents. Its own store does not count their texts, so that small operations with
 * long comments would fill the memory.
 */
export function createDocumentStore(): DocumentStore {
  const kept = keepDocuments();
  return {
    get: async (key) => kept.get(key),
    set: async (key, document) => void kept.set(key, document),
    delete: async (key) => kept.delete(key),
  };
}

/**
 * Parse and validate operations by the rules of HTTP, with the same errors. Equal texts are done once: valid documents
 * are kept for later requests.
 */
export function createDocuments(schema: GraphQLSchema, rules: OperationRules) {
  const { parseOptions, validationOptions } = rules;
  const validationRules = allValidationRules(rules);
  /** Valid documents only: an invalid one must not displace one that is used. */
  const kept = keepDocuments();

  function parseValid(query: string): DocumentNode | readonly GraphQLError[] {
    if (query === '') return [emptyQuery()];
    const known = kept.get(query);
    if (known) return known;
    const document = parseDocument(query, parseOptions);
    if (document instanceof GraphQLError) return [document];
    const invalid = validate(schema, document, validationRules, validationOptions);
    if (invalid.length > 0)
      return invalid.map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED'));
    kept.set(query, document);
    return document;
  }

  return {
    /** The operation, or what is wrong with it. An empty name counts as none. */
    prepare(
      query: string,
      operationName: string | null | undefined,
    ): PreparedOperation | readonly GraphQLError[] {
      const document = parseValid(query);
      if (!('kind' in document)) return document;
      const operation = getOperationAST(document, operationName || null);
      return operation ? { document, operation } : [unknownOperation(operationName)];
    },
  };
}

function parseDocument(query: string, options: ParseOptions): DocumentNode | GraphQLError {
  try {
    return parse(query, options);
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
