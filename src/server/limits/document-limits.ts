/** What one operation may be. Each limit holds on every transport. */
export interface DocumentLimits {
  /** Characters of its text. */
  readonly maxCharacters: number;
  /** Words, names, signs of its text. Beyond some thousands, each within the one before, a parser would run out of stack. */
  readonly maxTokens: number;
  /** Fields within fields. */
  readonly maxDepth: number;
  /** Fields that were given another name, each as often as it is selected. */
  readonly maxAliases: number;
  /** Fields of the operation itself: each may be a call to the upstream. */
  readonly maxRootFields: number;
  readonly maxDirectives: number;
  /** By the rules of `operation-cost.ts`. */
  readonly maxCost: number;
}

/** Where nothing else is set. */
export const defaultDocumentLimits: DocumentLimits = {
  maxCharacters: 15_000,
  maxTokens: 1_000,
  // Relay’s pages take three levels each, and three of them may stand within one another.
  maxDepth: 15,
  maxAliases: 15,
  maxRootFields: 20,
  maxDirectives: 50,
  maxCost: 5_000,
};
