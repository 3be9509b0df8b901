import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { GraphQLError, type GraphQLSchema, type ParseOptions } from 'graphql';
import type { Logger } from 'pino';
import type { OperationContext } from '../resolvers/operation-context.js';
import type { ErrorFormatter } from './graphql-errors.js';
import { type OperationReporter, toErrorCodes } from './operation-log.js';

/**
 * Of every transport. Large operations have a few hundred tokens; a document of thousands, each within the
 * one before, would run the parser out of stack.
 */
export const parseOptions: ParseOptions = { maxTokens: 1_000 };

export interface ApolloOptions {
  readonly schema: GraphQLSchema;
  readonly formatError: ErrorFormatter;
  readonly reportOperation: OperationReporter;
  readonly logger: Logger;
}

/** Executes queries and mutations, of HTTP and of WebSockets alike. */
export function createApolloServer({
  schema,
  formatError,
  reportOperation,
  logger,
}: ApolloOptions): ApolloServer<OperationContext> {
  return new ApolloServer<OperationContext>({
    schema,
    formatError,
    parseOptions,
    logger: logger.child({ part: 'apollo' }),
    introspection: true,
    csrfPrevention: true,
    persistedQueries: false,
    allowBatchedHttpRequests: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    plugins: [
      // Computes a Cache-Control header that no answer of ours may have anyway.
      ApolloServerPluginCacheControlDisabled(),
      // A page from Apollo's CDN; browsers are led to the explorer instead.
      ApolloServerPluginLandingPageDisabled(),
      refuseSubscriptions,
      reportOperations(reportOperation),
    ],
  });
}

/** graphql-js would run a subscription as if it were a query, and answer with null. */
const refuseSubscriptions: ApolloServerPlugin<OperationContext> = {
  async requestDidStart() {
    return {
      async didResolveOperation({ operation }) {
        if (operation?.operation !== 'subscription') return;
        throw new GraphQLError(
          'Subscriptions are served over WebSocket at this same address, with the subprotocol graphql-transport-ws.',
          { extensions: { code: 'BAD_REQUEST', http: { status: 400 } } },
        );
      },
    };
  },
};

function reportOperations(report: OperationReporter): ApolloServerPlugin<OperationContext> {
  return {
    async requestDidStart({ request, contextValue }) {
      const startedAt = performance.now();
      return {
        async willSendResponse({ operation, operationName, response }) {
          const { body } = response;
          report({
            transport: request.http ? 'http' : 'websocket',
            type: operation?.operation ?? 'invalid',
            name: operationName ?? null,
            caller: contextValue.caller.name,
            durationMs: performance.now() - startedAt,
            errorCodes: body.kind === 'single' ? toErrorCodes(body.singleResult.errors) : [],
          });
        },
      };
    },
  };
}
