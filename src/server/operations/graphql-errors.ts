import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError, isValueNode, Kind } from 'graphql';
import type { Logger } from 'pino';
import { GatewayError } from '../../ingestion/gateway-error.js';
import { TOO_COMPLEX } from '../limits/complexity.js';
import { shorten } from './error-bounds.js';

/** Converts an error to what clients see, the same on every transport. */
export type ErrorFormatter = (
  formatted: GraphQLFormattedError,
  error: unknown,
) => GraphQLFormattedError;

/** How graphql-js ends its errors for too many tokens, and for a variable that is not a value of an enum. */
const TOO_MANY_TOKENS = /tokens\. Parsing aborted\.$/;
const SUGGESTION = / Did you mean .*\?$/s;

/**
 * The gateway's own errors keep their code and extensions, and so do errors that GraphQL itself raises. Anything else
 * is a bug of ours: it is logged in full, and clients only get INTERNAL_SERVER_ERROR.
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
 * Whether graphql-js found that an argument of a field or a directive is invalid with the given variables. A document
 * with a nullable variable in such a place is valid if the variable has a default.
 */
function isBadArgument(error: unknown): boolean {
  if (!(error instanceof GraphQLError) || error.originalError) return false;
  const [node] = error.nodes ?? [];
  return error.extensions.code === undefined && node !== undefined && isValueNode(node);
}

/** Convert an error as Apollo Server does before formatting, for the transports that it does not serve. */
export function toFormattedError(
  error: GraphQLError,
  format: ErrorFormatter,
): GraphQLFormattedError {
  const code = error.extensions.code ?? (isBadVariable(error) ? 'BAD_USER_INPUT' : undefined);
  const json = error.toJSON();
  return format({ ...json, extensions: { ...json.extensions, code } }, error);
}

/** graphql-js gives no code to invalid variables. */
function isBadVariable({ nodes, originalError }: GraphQLError): boolean {
  return (
    nodes?.length === 1 &&
    nodes[0]?.kind === Kind.VARIABLE_DEFINITION &&
    !(originalError instanceof GatewayError)
  );
}
