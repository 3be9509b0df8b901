import {
  coerceInputValue,
  GraphQLError,
  type GraphQLSchema,
  isInputType,
  type OperationDefinitionNode,
  typeFromAST,
  type VariableDefinitionNode,
} from 'graphql';
import { MAX_QUOTED_CHARS } from './error-bounds.js';

/** How many errors are reported for the variables of one operation, as for one document. */
const MAX_ERRORS = 5;

/** graphql-js appends the whole value to its message about it. */
const WHOLE_VALUE = /^(.* cannot represent [^:]*): .*$/s;

/** Finds what is wrong with variables before the operation is executed. */
export type VariableCheck = (
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>> | null | undefined,
) => readonly GraphQLError[];

/**
 * Check variables as graphql-js would, with the same messages, but stop after a few errors, and quote little of the
 * input: graphql-js repeats a whole value for each error in it. Missing and null values are left to graphql-js.
 */
export function createVariableCheck(
  schema: GraphQLSchema,
  hideSuggestions: boolean,
): VariableCheck {
  return (operation, variables) => {
    const errors: GraphQLError[] = [];
    try {
      for (const definition of operation.variableDefinitions ?? []) {
        const { name } = definition.variable;
        const value = Object.hasOwn(variables ?? {}, name.value) ? variables?.[name.value] : null;
        const type = typeFromAST(schema, definition.type);
        if (value == null || !isInputType(type)) continue;
        const onError = (
          path: readonly (string | number)[],
          part: unknown,
          error: GraphQLError,
        ) => {
          if (errors.length === MAX_ERRORS) throw new TooManyErrors();
          errors.push(toVariableError(definition, path, part, error));
        };
        coerceInputValue(value, type, onError, hideSuggestions);
      }
    } catch (error) {
      if (!(error instanceof TooManyErrors)) throw error;
      errors.push(
        badUserInput(
          'Too many errors processing variables, error limit reached. Execution aborted.',
        ),
      );
    }
    return errors;
  };
}

/** Ends the search. */
class TooManyErrors extends Error {}

function toVariableError(
  definition: VariableDefinitionNode,
  path: readonly (string | number)[],
  part: unknown,
  { message }: GraphQLError,
): GraphQLError {
  const name = definition.variable.name.value;
  const place = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');
  const at = path.length > 0 ? ` at "${name}${place}"` : '';
  const quoted = quote(part);
  const why = message.replace(WHOLE_VALUE, (_whole, what: string) => `${what}: ${quoted}`);
  return badUserInput(`Variable "$${name}" got invalid value ${quoted}${at}; ${why}`, definition);
}

function badUserInput(message: string, node?: VariableDefinitionNode): GraphQLError {
  const extensions = { code: 'BAD_USER_INPUT' };
  return new GraphQLError(message, { nodes: node ?? null, extensions });
}

/** A short value as it was sent, or else its kind. */
function quote(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : '[…]';
  if (typeof value === 'object' && value !== null) {
    return Object.keys(value).length === 0 ? '{}' : '{…}';
  }
  if (typeof value !== 'string') return String(value);
  if (value.length <= MAX_QUOTED_CHARS) return JSON.stringify(value);
  return JSON.stringify(`${value.slice(0, MAX_QUOTED_CHARS)}…`);
}
