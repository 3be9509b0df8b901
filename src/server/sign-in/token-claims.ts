import type { JWTPayload } from 'jose';
import { type Caller, rights, toMappingScope } from '../../ingestion/caller.js';

/** Which claims identify a caller and say what it may do. */
export interface ClaimRules {
  readonly nameClaim: string;
  /** A list of mapping patterns; null if tokens apply to all mappings. */
  readonly mappingsClaim: string | null;
}

const MAX_NAME_LENGTH = 255;

/** A token that the issuer signed, but that names no caller. */
export class ClaimError extends Error {
  override readonly name = 'ClaimError';
}

/**
 * The caller that a verified token's claims name. Its rights are the known ones among the claims `scope`, `scp` and
 * `permissions` (each a space-separated text, or a list of texts). If the mappings' claim is missing, or is not a
 * list of texts and whole numbers, the caller has no mappings.
 *
 * @param expiresAt - in ms since the epoch
 * @throws {ClaimError} the name claim has no text that could be a name
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

/** Some issuers use numbers as names. A large one has lost digits in JSON, and may be somebody else's. */
function toText(value: unknown): unknown {
  return Number.isSafeInteger(value) ? String(value) : value;
}

/** The name is shown in the operation log and to everyone who may see a request, so it must not contain line breaks. */
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
