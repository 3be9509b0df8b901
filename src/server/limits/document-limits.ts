/** The limits of one operation. They apply on every transport. */
export interface DocumentLimits {
  /** Characters of its text. */
  readonly maxCharacters: number;
  /**
   * Tokens of its text: words, names, punctuation. Some thousands of them, each nested in the previous one, would
   * exhaust the parser's stack.
   */
  readonly maxTokens: number;
  /** Nested fields. */
  readonly maxDepth: number;
  /** Fields with an alias, each counted as often as it is selected. */
  readonly maxAliases: number;
  /** Root fields: each may be a call to the upstream. */
  readonly maxRootFields: number;
  readonly maxDirectives: number;
  /** By the rules of `operation-cost.ts`. */
  readonly maxCost: number;
}

/** The defaults. */
export const defaultDocumentLimits: DocumentLimits = {
  maxCharacters: 15_000,
  maxTokens: 1_000,
  // A Relay page takes three levels, and three pages may be nested.
  maxDepth: 15,
  maxAliases: 15,
  maxRootFields: 20,
  maxDirectives: 50,
  maxCost: 5_000,
};
