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

/** So many faults are told of the variables of one operation, as of one document. */
const MAX_FAULTS = 5;

/** What graphql-js puts behind what it says of a value: that value, whole. */
const WHOLE_VALUE = /^(.* cannot represent [^:]*): .*$/s;

/** Finds what is wrong with variables before the operation is run. */
export type VariableCheck = (
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>> | null | undefined,
) => readonly GraphQLError[];

/**
 * Judge variables as graphql-js would, and in its words, but stop after a few faults, and quote little of what
 * was sent: graphql-js repeats a whole value with each fault in it. What is missing or null is left to it.
 */
export function createVariableCheck(
  schema: GraphQLSchema,
  hideSuggestions: boolean,
): VariableCheck {
  return (operation, variables) => {
    const faults: GraphQLError[] = [];
    try {
      for (const definition of operation.variableDefinitions ?? []) {
        const { name } = definition.variable;
        const value = Object.hasOwn(variables ?? {}, name.value) ? variables?.[name.value] : null;
        const type = typeFromAST(schema, definition.type);
        if (value == null || !isInputType(type)) continue;
        const onFault = (
          path: readonly (string | number)[],
          part: unknown,
          error: GraphQLError,
        ) => {
          if (faults.length === MAX_FAULTS) throw new TooManyFaults();
          faults.push(toFault(definition, path, part, error));
        };
        coerceInputValue(value, type, onFault, hideSuggestions);
      }
    } catch (error) {
      if (!(error instanceof TooManyFaults)) throw error;
      faults.push(
        badUserInput(
          'Too many errors processing variables, error limit reached. Execution aborted.',
        ),
      );
    }
    return faults;
  };
}

/** Ends the search. */
class TooManyFaults extends Error {}

function toFault(
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

/** A value as it was sent where it is short; else what kind of value it is. */
function quote(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : '[…]';
  if (typeof value === 'object' && value !== null) {
    return Object.keys(value).length === 0 ? '{}' : '{…}';
  }
  if (typeof value !== 'string') return String(value);
  if (value.length <= MAX_QUOTED_CHARS) return JSON.stringify(value);
  return JSON.stringify(`${value.slice(0, MAX_QUOTED_CHARS)}…`);
}
