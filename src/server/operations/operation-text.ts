import { createHash } from 'node:crypto';
import { GraphQLError } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { PersistedOperations } from './persisted-operations.js';

/** What a client may say to name an operation; of any type, for nothing has been checked yet. */
export interface OperationParams {
  readonly query?: unknown;
  /** A hash, as of the draft on persisted documents. */
  readonly documentId?: unknown;
  /** May have a hash in it, as Apollo's clients send it: `persistedQuery.sha256Hash`. */
  readonly extensions?: unknown;
}

/** Finds the text that is to be run, before anything else is done with it. */
export type OperationTexts = (params: OperationParams) => TextFound | GraphQLError;

/** Null: there is none, or something that is no text; what follows says so in its own words. */
export interface TextFound {
  readonly query: string | null;
  /** Whether it stands for all that names an operation, so that a hash beside it has had its use. */
  readonly isFinal: boolean;
}

/** The code by which clients know that they are to send the query with its hash. Over HTTP its status is 200. */
export const HASH_UNKNOWN = 'PERSISTED_QUERY_NOT_FOUND';

/** So many texts are kept for those who send their hashes, of so many characters together. */
const MAX_KEPT_TEXTS = 2_000;
const MAX_KEPT_CHARS = 4 * 1024 * 1024;

/**
 * @param persisted - the operations that may be run; null where all may, and clients register theirs by hash
 */
export function createOperationTexts(
  maxCharacters: number,
  persisted: PersistedOperations | null,
): OperationTexts {
  return persisted ? listedTexts(persisted) : anyTexts(maxCharacters);
}

function listedTexts(persisted: PersistedOperations): OperationTexts {
  return (params) => {
    const { query } = params;
    if (typeof query === 'string' && query !== '')
      return persisted.has(query) ? { query, isFinal: true } : notAllowed();
    const hash = hashOf(params);
    const found = hash === null ? undefined : persisted.find(hash);
    return found === undefined ? notAllowed() : { query: found, isFinal: true };
  };
}

/** What a hash stands for never changes, so it is the same text whoever has registered it. */
function anyTexts(maxCharacters: number): OperationTexts {
  const kept = new LRUCache<string, string>({
    max: MAX_KEPT_TEXTS,
    maxSize: MAX_KEPT_CHARS,
    sizeCalculation: (query, hash) => query.length + hash.length,
  });

  return ({ query, extensions }) => {
    const text = typeof query === 'string' ? query : null;
    if (text !== null && text.length > maxCharacters) return tooLong(text, maxCharacters);
    const { persistedQuery } = (extensions ?? {}) as { persistedQuery?: unknown };
    if (!persistedQuery || (query != null && text === null)) return { query: text, isFinal: false };
    const { version, sha256Hash } = persistedQuery as { version?: unknown; sha256Hash?: unknown };
    if (version !== 1 || typeof sha256Hash !== 'string') return unreadableHash();
    const hash = sha256Hash.toLowerCase();
    if (!text) {
      const found = kept.get(hash);
      return found === undefined ? notFound() : { query: found, isFinal: true };
    }
    if (kept.get(hash) !== text) {
      if (createHash('sha256').update(text).digest('hex') !== hash) return otherHash();
      kept.set(hash, text);
    }
    return { query: text, isFinal: true };
  };
}

function hashOf({ documentId, extensions }: OperationParams): string | null {
  if (typeof documentId === 'string') return documentId;
  const { persistedQuery } = (extensions ?? {}) as { persistedQuery?: { sha256Hash?: unknown } };
  const hash = persistedQuery?.sha256Hash;
  return typeof hash === 'string' ? hash : null;
}

function tooLong({ length }: string, maxCharacters: number): GraphQLError {
  return new GraphQLError(
    `An operation may have at most ${maxCharacters} characters; this one has ${length}.`,
    { extensions: { code: 'OPERATION_TOO_COMPLEX' } },
  );
}

/** In Apollo Server's words, by which clients know that they are to send the query. */
function notFound(): GraphQLError {
  return new GraphQLError('PersistedQueryNotFound', {
    extensions: { code: HASH_UNKNOWN },
  });
}

function otherHash(): GraphQLError {
  return new GraphQLError(
    'extensions.persistedQuery.sha256Hash must be the SHA-256 of the query as it is sent, in hexadecimal digits.',
    { extensions: { code: 'BAD_REQUEST' } },
  );
}

function unreadableHash(): GraphQLError {
  return new GraphQLError(
    'extensions.persistedQuery must have the version 1, and a text as its sha256Hash.',
    { extensions: { code: 'BAD_REQUEST' } },
  );
}

function notAllowed(): GraphQLError {
  return new GraphQLError(
    'Only operations that the operator has listed are run; this one is not.',
    {
      extensions: { code: 'OPERATION_NOT_ALLOWED' },
    },
  );
}
