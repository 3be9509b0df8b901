import {
  type GraphQLSchema,
  NoSchemaIntrospectionCustomRule,
  type ParseOptions,
  specifiedRules,
  type ValidationRule,
  type validate,
} from 'graphql';
import { type ComplexityCheck, createComplexityCheck } from '../limits/complexity.js';
import type { Limits } from '../limits/limits.js';
import { refuseConditionalSubscriptions } from './conditional-subscription.js';
import { createOperationTexts, type OperationTexts } from './operation-text.js';
import type { PersistedOperations } from './persisted-operations.js';
import { createVariableCheck, type VariableCheck } from './variable-check.js';

/** The rules for operations, the same on every transport. */
export interface OperationRules {
  readonly texts: OperationTexts;
  readonly parseOptions: ParseOptions;
  /** Besides those of the specification. */
  readonly validationRules: ValidationRule[];
  readonly validationOptions: NonNullable<Parameters<typeof validate>[3]>;
  readonly complexity: ComplexityCheck;
  readonly variables: VariableCheck;
}

/** How many errors of one document are reported; a client fixes one after the other. */
const MAX_ERRORS = 5;

/**
 * If clients may not query the schema, errors don't suggest its names either.
 */
export function createOperationRules(
  schema: GraphQLSchema,
  {
    limits: { document: limits },
    persistedOperations,
    isSchemaOpen,
  }: {
    readonly limits: Pick<Limits, 'document'>;
    readonly persistedOperations: PersistedOperations | null;
    readonly isSchemaOpen: boolean;
  },
): OperationRules {
  const parseOptions = { maxTokens: limits.maxTokens };
  return {
    texts: refuseConditionalSubscriptions(
      createOperationTexts(limits.maxCharacters, persistedOperations),
      parseOptions,
    ),
    parseOptions,
    validationRules: isSchemaOpen ? [] : [NoSchemaIntrospectionCustomRule],
    validationOptions: { maxErrors: MAX_ERRORS, hideSuggestions: !isSchemaOpen },
    complexity: createComplexityCheck(schema, limits),
    variables: createVariableCheck(schema, !isSchemaOpen),
  };
}

/** All rules by which a document is validated. */
export function allValidationRules({ validationRules }: OperationRules): readonly ValidationRule[] {
  return [...specifiedRules, ...validationRules];
}
