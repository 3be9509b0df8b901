import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError, isValueNode, Kind } from 'graphql';
import type { Logger } from 'pino';
import { GatewayError } from '../../ingestion/gateway-error.js';
import { TOO_COMPLEX } from '../limits/complexity.js';
import { shorten } from './error-bounds.js';

/** Makes what clients see of an error, the same on every transport. */
export type ErrorFormatter = (
  formatted: GraphQLFormattedError,
  error: unknown,
) => GraphQLFormattedError;

/** How graphql-js ends its word on a document of too many tokens, and on a variable that is no value of an enum. */
const TOO_MANY_TOKENS = /tokens\. Parsing aborted\.$/;
const SUGGESTION = / Did you mean .*\?$/s;

/**
 * Errors of the gateway's own family go out with their code and extensions; errors that GraphQL itself
 * raises, with theirs; anything else is a fault of ours: logged whole, and told as nothing but
 * INTERNAL_SERVER_ERROR.
 *
 * @param isSchemaOpen - whether errors may suggest names of the schema
 */
export function createErrorFormatter(logger: Logger, isSchemaOpen: boolean): ErrorFormatter {
  return (formatted, error) => {
    const original = unwrapResolverError(error);
    if (original instanceof GatewayError) {
      return { ...formatted, message: original.message, extensions: original.extensions };
    }
    if (isBadArgument(original)) {
      return shorten({ ...formatted, extensions: { code: 'BAD_USER_INPUT' } });
    }
    const code = formatted.extensions?.code;
    if (code === undefined || code === 'INTERNAL_SERVER_ERROR') {
      logger.error(
        { err: original, path: formatted.path },
        'An operation failed inside the gateway',
      );
      return {
        ...formatted,
        message: 'The gateway failed to answer this. Its log has the details.',
        extensions: { code: 'INTERNAL_SERVER_ERROR' },
      };
    }
    if (TOO_MANY_TOKENS.test(formatted.message)) {
      return { ...formatted, extensions: { code: TOO_COMPLEX } };
    }
    if (isSchemaOpen) return shorten(formatted);
    return shorten({ ...formatted, message: formatted.message.replace(SUGGESTION, '') });
  };
}

/**
 * Whether graphql-js found an argument, of a field or of a directive, that does not fit once the variables are in
 * it. A document that may have null in such a place is valid as long as the variable has a default.
 */
function isBadArgument(error: unknown): boolean {
  if (!(error instanceof GraphQLError) || error.originalError) return false;
  const [node] = error.nodes ?? [];
  return error.extensions.code === undefined && node !== undefined && isValueNode(node);
}

/** An error as Apollo Server would hand it to the formatter, for the transports that it does not serve. */
export function toFormattedError(
  error: GraphQLError,
  format: ErrorFormatter,
): GraphQLFormattedError {
  const code = error.extensions.code ?? (isBadVariable(error) ? 'BAD_USER_INPUT' : undefined);
  const json = error.toJSON();
  return format({ ...json, extensions: { ...json.extensions, code } }, error);
}

/** Variables that do not fit get no code from graphql-js. */
function isBadVariable({ nodes, originalError }: GraphQLError): boolean {
  return (
    nodes?.length === 1 &&
    nodes[0]?.kind === Kind.VARIABLE_DEFINITION &&
    !(originalError instanceof GatewayError)
  );
}
