import { hash } from 'node:crypto';
import { GraphQLError } from 'graphql';
import { LRUCache } from 'lru-cache';
import { TOO_COMPLEX } from '../limits/complexity.js';
import type { PersistedOperations } from './persisted-operations.js';

/** How a client may name an operation; of any type, because nothing has been checked yet. */
export interface OperationParams {
  readonly query?: unknown;
  /** A hash, from the draft on persisted documents. */
  readonly documentId?: unknown;
  /** May contain a hash, as Apollo's clients send it: `persistedQuery.sha256Hash`. */
  readonly extensions?: unknown;
}

/** Finds the text to execute, before anything else happens. */
export type OperationTexts = (params: OperationParams) => FoundText | GraphQLError;

/** Null: there is no text, or something that is not text; later steps report that in their own words. */
export interface FoundText {
  readonly query: string | null;
  /** Whether it replaces everything that names an operation, so that a hash beside it has been used. */
  readonly isFinal: boolean;
}

/** The code that tells clients to send the query with its hash. Over HTTP its status is 200. */
export const HASH_UNKNOWN = 'PERSISTED_QUERY_NOT_FOUND';

/** The maximum number of texts kept for clients that send hashes, and of their characters. */
const MAX_KEPT_TEXTS = 2_000;
const MAX_KEPT_CHARS = 4 * 1024 * 1024;

/**
 * @param persisted - the allowed operations; null if all are allowed, and clients register theirs by hash
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

/** A hash always stands for the same text, whoever registered it. */
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
    const sha256 = sha256Hash.toLowerCase();
    if (!text) {
      const found = kept.get(sha256);
      return found === undefined ? notFound() : { query: found, isFinal: true };
    }
    if (kept.get(sha256) !== text) {
      if (hash('sha256', text) !== sha256) return otherHash();
      kept.set(sha256, text);
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

function refused(code: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}

const tooLong = ({ length }: string, maxCharacters: number) =>
  refused(
    TOO_COMPLEX,
    `An operation may have at most ${maxCharacters} characters; this one has ${length}.`,
  );

/** Apollo Server's message, which tells clients to send the query. */
const notFound = () => refused(HASH_UNKNOWN, 'PersistedQueryNotFound');

const otherHash = () =>
  refused(
    'BAD_REQUEST',
    'extensions.persistedQuery.sha256Hash must be the SHA-256 of the query as it is sent, in hexadecimal digits.',
  );

const unreadableHash = () =>
  refused(
    'BAD_REQUEST',
    'extensions.persistedQuery must have version 1, and a string as its sha256Hash.',
  );

const notAllowed = () =>
  refused(
    'OPERATION_NOT_ALLOWED',
    'The operator allows only listed operations, and this is not one.',
  );
