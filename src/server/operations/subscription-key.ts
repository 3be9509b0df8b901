import { Kind, visit } from 'graphql';
import type { Caller } from '../../ingestion/caller.js';
import type { PreparedOperation } from './documents.js';

/** The argument that says where a subscription begins, and has no influence on its events. */
const CURSOR_ARGUMENT = 'after';

/**
 * Equal for subscriptions whose events are executed alike, wherever in the log they begin: the same text and
 * operation, the same variables except the one that is only its cursor, and callers who may see the same.
 */
export function toSubscriptionKey(
  query: string,
  { document, operation }: PreparedOperation,
  variables: Readonly<Record<string, unknown>>,
  { rights, mappings }: Pick<Caller, 'rights' | 'mappings'>,
): string {
  const cursor = cursorVariable({ document, operation });
  const names = (operation.variableDefinitions ?? []).map(({ variable }) => variable.name.value);
  const values = names
    .filter((name) => name !== cursor && name in variables)
    .map((name) => [name, variables[name]]);
  const key = [query, operation.name?.value ?? null, values, rights, mappings];
  return JSON.stringify(key, withSortedKeys);
}

/** The variable whose only use in the whole document is the cursor of the operation's own field. */
function cursorVariable({ document, operation }: PreparedOperation): string | null {
  const argument = operation.selectionSet.selections
    .flatMap((selection) => (selection.kind === Kind.FIELD ? (selection.arguments ?? []) : []))
    .find(({ name }) => name.value === CURSOR_ARGUMENT);
  if (argument?.value.kind !== Kind.VARIABLE) return null;
  const name = argument.value.name.value;
  let useCount = 0;
  visit(document, {
    VariableDefinition: () => false,
    Variable(variable) {
      if (variable.name.value === name) useCount += 1;
    },
  });
  return useCount === 1 ? name : null;
}

function withSortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
