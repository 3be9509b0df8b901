import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import type { DocumentLimits } from './document-limits.js';
import { measureCost } from './operation-cost.js';
import { measureShape } from './operation-shape.js';

/** The code of every operation that exceeds a limit. */
export const TOO_COMPLEX = 'OPERATION_TOO_COMPLEX';

/** Far more than any meaningful name. */
const MAX_ALIAS_LENGTH = 200;

/** The result for an operation with any variables; null if its cost depends on them. */
type Verdict = { readonly cost: number | GraphQLError | null };

/** Checks whether operations are within the limits. */
export type ComplexityCheck = ReturnType<typeof createComplexityCheck>;

/** Parsed documents are cached elsewhere; measurements are kept as long as those. */
export function createComplexityCheck(schema: GraphQLSchema, limits: DocumentLimits) {
  const verdicts = new WeakMap<OperationDefinitionNode, Verdict>();

  function judgeShape(document: DocumentNode, operation: OperationDefinitionNode): Verdict {
    const shape = measureShape(document, operation);
    const cost =
      exceeded('levels of fields', shape.depth, limits.maxDepth) ??
      exceeded('aliases', shape.aliases, limits.maxAliases) ??
      exceeded('characters in an alias', shape.aliasLength, MAX_ALIAS_LENGTH) ??
      exceeded('root fields', shape.rootFields, limits.maxRootFields) ??
      exceeded('directives', shape.directives, limits.maxDirectives);
    return { cost };
  }

  return {
    /** The cost of a valid operation, or why it is not executed. */
    ofOperation(
      document: DocumentNode,
      operation: OperationDefinitionNode,
      variables: Readonly<Record<string, unknown>> | null | undefined,
    ): number | GraphQLError {
      const known = verdicts.get(operation) ?? judgeShape(document, operation);
      verdicts.set(operation, known);
      if (known.cost !== null) return known.cost;
      const measured = measureCost(schema, document, operation, variables ?? {});
      const cost = exceeded('points of cost', measured.cost, limits.maxCost) ?? measured.cost;
      if (measured.isOfAnyVariables) verdicts.set(operation, { cost });
      return cost;
    },
  };
}

function exceeded(what: string, count: number, limit: number): GraphQLError | null {
  if (count <= limit) return null;
  return new GraphQLError(
    `An operation may have at most ${limit} ${what}; this one has ${count}.`,
    { extensions: { code: TOO_COMPLEX } },
  );
}
