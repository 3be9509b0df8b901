import type { JWTPayload } from 'jose';
import { type Caller, rights, toMappingScope } from '../../ingestion/caller.js';

/** Which claims say who somebody is and what they may do. */
export interface ClaimRules {
  readonly nameClaim: string;
  /** A list of patterns of mappings; null where tokens are for all mappings. */
  readonly mappingsClaim: string | null;
}

const MAX_NAME_LENGTH = 255;

/** A token that the issuer signed, and that names nobody. */
export class ClaimError extends Error {
  override readonly name = 'ClaimError';
}

/**
 * The caller that the claims of a verified token name. The rights are those of ours among the claims `scope`,
 * `scp` and `permissions` (each a text with blanks between, or a list of them). Where the mappings’ claim is
 * not there or is no list of texts and whole numbers, the caller has no mappings.
 *
 * @param expiresAt - in ms since the epoch
 * @throws {ClaimError} the claim with the name has no text that a name could be
 */
export function toCaller(
  claims: JWTPayload,
  { nameClaim, mappingsClaim }: ClaimRules,
  expiresAt: number,
): Caller {
  const granted = new Set(
    [claims.scope, claims.scp, claims.permissions].flatMap((claim) =>
      [claim].flat().flatMap((part) => (typeof part === 'string' ? part.split(/\s+/) : [])),
    ),
  );
  return {
    name: parseName(nameClaim, claims[nameClaim]),
    rights: rights.filter((right) => granted.has(right)),
    mappings:
      mappingsClaim === null
        ? { kind: 'all' }
        : toMappingScope(parsePatterns(claims[mappingsClaim])),
    expiresAt,
  };
}

/** Some issuers have numbers for names. A large one has lost digits in JSON, and may be somebody else’s. */
function toText(value: unknown): unknown {
  return Number.isSafeInteger(value) ? String(value) : value;
}

/** It goes into the log of operations and to all who may see a request: nothing in it may break a line. */
function parseName(claim: string, given: unknown): string {
  const value = toText(given);
  if (typeof value !== 'string' || value.trim() === '') {
    throw new ClaimError(`The claim "${claim}" must be a text that is not empty.`);
  }
  if (value.length > MAX_NAME_LENGTH || !value.isWellFormed() || /\p{Cc}/u.test(value)) {
    throw new ClaimError(
      `The claim "${claim}" must have at most ${MAX_NAME_LENGTH} characters, and no control characters.`,
    );
  }
  return value;
}

function parsePatterns(value: unknown): readonly string[] {
  const patterns: readonly unknown[] = [value].flat().map(toText);
  return patterns.every((pattern) => typeof pattern === 'string') ? patterns : [];
}
