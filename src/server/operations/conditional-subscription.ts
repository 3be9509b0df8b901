import {
  type DocumentNode,
  GraphQLError,
  Kind,
  OperationTypeNode,
  type ParseOptions,
  parse,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { fragmentsOf } from '../limits/operation-shape.js';
import type { OperationTexts } from './operation-text.js';

/**
 * Refuse subscriptions whose field may be left out, as the specification does since September 2025: the rest would
 * not be a subscription. graphql-js 16 has no such rule. Its own rules read the top level without variables, and
 * throw if a condition needs one.
 */
export function refuseConditionalSubscriptions(
  texts: OperationTexts,
  parseOptions: ParseOptions,
): OperationTexts {
  return (params) => {
    const found = texts(params);
    if (found instanceof GraphQLError || found.query === null) return found;
    return isConditionalSubscription(found.query, parseOptions) ? conditional() : found;
  };
}

function isConditionalSubscription(query: string, parseOptions: ParseOptions): boolean {
  // Skips parsing for most texts.
  if (!/\bsubscription\b/.test(query) || !/\b(skip|include)\b/.test(query)) return false;
  let document: DocumentNode;
  try {
    document = parse(query, parseOptions);
  } catch {
    // The parser that runs it reports the error.
    return false;
  }
  const fragments = fragmentsOf(document);
  const seen = new Set<string>();

  function isConditional({ selections }: SelectionSetNode): boolean {
    return selections.some(
      (selection) =>
        selection.directives?.some(({ name }) => /^(skip|include)$/.test(name.value)) ||
        isConditionalWithin(selection),
    );
  }

  function isConditionalWithin(selection: SelectionNode): boolean {
    switch (selection.kind) {
      case Kind.FIELD:
        return false;
      case Kind.INLINE_FRAGMENT:
        return isConditional(selection.selectionSet);
      case Kind.FRAGMENT_SPREAD: {
        const { value } = selection.name;
        const fragment = seen.has(value) ? undefined : fragments.get(value);
        seen.add(value);
        return fragment !== undefined && isConditional(fragment.selectionSet);
      }
    }
  }

  return document.definitions.some(
    (definition) =>
      definition.kind === Kind.OPERATION_DEFINITION &&
      definition.operation === OperationTypeNode.SUBSCRIPTION &&
      isConditional(definition.selectionSet),
  );
}

function conditional(): GraphQLError {
  return new GraphQLError(
    'A subscription must not use @skip or @include at its top level. Leave them out, or use them below its field.',
    { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
  );
}
