import { ApolloServer, type ApolloServerPlugin, type GraphQLRequestListener } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import { neverReusable, type OperationContext } from '../../resolvers/operation-context.js';
import type { RefusalReporter } from '../admission/refusal-log.js';
import type { ComplexityCheck } from '../limits/complexity.js';
import { createDocumentStore } from './documents.js';
import { boundErrors } from './error-bounds.js';
import { type ErrorFormatter, toFormattedError } from './graphql-errors.js';
import { type OperationReporter, toErrorCodes } from './operation-log.js';
import type { OperationRules } from './operation-rules.js';
import type { Shareable } from './shareable.js';
import type { VariableCheck } from './variable-check.js';

/** Executes queries and mutations, from HTTP and from WebSockets. */
export function createApolloServer({
  schema,
  rules: { complexity, variables, parseOptions, validationRules, validationOptions },
  isShareable,
  formatError,
  reportOperation,
  reportRefusal,
  logger,
}: {
  readonly schema: GraphQLSchema;
  readonly rules: Omit<OperationRules, 'texts'>;
  readonly isShareable: Shareable;
  readonly formatError: ErrorFormatter;
  readonly reportOperation: OperationReporter;
  readonly reportRefusal: RefusalReporter;
  readonly logger: Logger;
}): ApolloServer<OperationContext> {
  return new ApolloServer<OperationContext>({
    schema,
    formatError,
    parseOptions,
    validationRules,
    validationOptions,
    documentStore: createDocumentStore(),
    logger: logger.child({ part: 'apollo' }),
    // If it is off, the rules of all transports refuse it.
    introspection: true,
    // The origin check comes first, and lets less through than this would.
    csrfPrevention: false,
    persistedQueries: false,
    allowBatchedHttpRequests: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    plugins: [
      // It computes a Cache-Control header, which our answers must not have.
      ApolloServerPluginCacheControlDisabled(),
      // A page from Apollo's CDN. Browsers are redirected to the explorer instead.
      ApolloServerPluginLandingPageDisabled(),
      // A subgraph would give a trace to anyone who asks, and shared answers would contain it.
      ApolloServerPluginInlineTraceDisabled(),
      // Environment variables of Apollo's own tools would make it report to Apollo.
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      refuseSubscriptions,
      refuseTooComplex(complexity),
      refuseBadVariables(variables, formatError),
      limitErrors,
      noteSharing(isShareable),
      reportOperations(reportOperation),
      reportMalformed(reportRefusal),
    ],
  });
}

type Plugin = ApolloServerPlugin<OperationContext>;

/** A plugin that does the same for each request. */
const forEach = (listener: GraphQLRequestListener<OperationContext>): Plugin => ({
  requestDidStart: async () => listener,
});

/** graphql-js would execute a subscription like a query, and answer with null. */
const refuseSubscriptions = forEach({
  async didResolveOperation({ operation }) {
    if (operation?.operation !== 'subscription') return;
    throw new GraphQLError(
      'Subscriptions are served over WebSocket at this same address, with the subprotocol graphql-transport-ws; and over HTTP to clients that accept text/event-stream, or multipart/mixed with subscriptionSpec=1.0.',
      { extensions: { code: 'BAD_REQUEST', http: { status: 400 } } },
    );
  },
});

function refuseTooComplex(complexity: ComplexityCheck): Plugin {
  return forEach({
    async didResolveOperation({ document, operation, request }) {
      if (!operation) return;
      const cost = complexity.ofOperation(document, operation, request.variables);
      if (!(cost instanceof GraphQLError)) return;
      const extensions = { ...cost.extensions, http: { status: 400 } };
      throw new GraphQLError(cost.message, { extensions });
    },
  });
}

function refuseBadVariables(check: VariableCheck, formatError: ErrorFormatter): Plugin {
  return forEach({
    // Apollo Server would report only one thrown error.
    async responseForOperation({ operation, request, response: { http } }) {
      const invalid = operation ? check(operation, request.variables) : [];
      if (invalid.length === 0) return null;
      const errors = invalid.map((error) => toFormattedError(error, formatError));
      http.status = 400;
      return { http, body: { kind: 'single', singleResult: { errors } } };
    },
  });
}

const limitErrors = forEach({
  async willSendResponse({ response: { body } }) {
    if (body.kind !== 'single') return;
    const { errors, data } = body.singleResult;
    if (errors) body.singleResult.errors = boundErrors(errors, data);
  },
});

/** An answer with an error is never shared. */
function noteSharing(isShareable: Shareable): Plugin {
  return forEach({
    async willSendResponse({ contextValue, document, operation, operationName, response }) {
      const { sharing } = contextValue;
      sharing.operationName = operationName ?? null;
      const { body } = response;
      const isWhole = body.kind === 'single' && !body.singleResult.errors;
      if (isWhole && document && operation && isShareable(document, operation)) return;
      sharing.conditions.push(neverReusable);
    },
  });
}

function reportOperations(report: OperationReporter): Plugin {
  return {
    async requestDidStart({ contextValue }) {
      const startedAt = performance.now();
      return {
        async willSendResponse({ operation, operationName, response }) {
          const { body } = response;
          report({
            transport: contextValue.arrival.transport,
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

/** Reports requests that contain no operation. */
function reportMalformed(report: RefusalReporter): Plugin {
  return {
    async invalidRequestWasReceived({ error: { message } }) {
      report({ transport: 'http', code: 'BAD_REQUEST', message });
    },
  };
}
