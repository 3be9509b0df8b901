import {
  type GraphQLSchema,
  NoSchemaIntrospectionCustomRule,
  type ParseOptions,
  specifiedRules,
  type ValidationRule,
  type validate,
} from 'graphql';
import { type ComplexityCheck, createComplexityCheck } from './limits/complexity.js';
import type { DocumentLimits } from './limits/document-limits.js';

/** What an operation must be so that it is run: the same on every transport. */
export interface OperationRules {
  readonly parseOptions: ParseOptions;
  /** Beside those of the specification. */
  readonly validationRules: ValidationRule[];
  readonly validationOptions: NonNullable<Parameters<typeof validate>[3]>;
  readonly complexity: ComplexityCheck;
}

/** So many faults of one document are told; a client mends one after the other. */
const MAX_ERRORS = 5;

/**
 * @param isSchemaOpen - whether clients may ask for the schema; where they may not, errors do not suggest its
 *   names either
 */
export function createOperationRules(
  schema: GraphQLSchema,
  limits: DocumentLimits,
  isSchemaOpen: boolean,
): OperationRules {
  return {
    parseOptions: { maxTokens: limits.maxTokens },
    validationRules: isSchemaOpen ? [] : [NoSchemaIntrospectionCustomRule],
    validationOptions: { maxErrors: MAX_ERRORS, hideSuggestions: !isSchemaOpen },
    complexity: createComplexityCheck(schema, limits),
  };
}

/** All rules by which a document is validated. */
export function allValidationRules({ validationRules }: OperationRules): readonly ValidationRule[] {
  return [...specifiedRules, ...validationRules];
}
