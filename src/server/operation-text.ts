import { GraphQLError } from 'graphql';
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
  /** Whether it is of a list, so that the client need not have sent it; its hash has had its use. */
  readonly isListed: boolean;
}

/**
 * @param persisted - the operations that may be run; null where all may
 */
export function createOperationTexts(
  maxCharacters: number,
  persisted: PersistedOperations | null,
): OperationTexts {
  return (params) => {
    const query = typeof params.query === 'string' ? params.query : null;
    if (!persisted)
      return query !== null && query.length > maxCharacters
        ? tooLong(query)
        : { query, isListed: false };
    if (query !== null && query !== '')
      return persisted.has(query) ? { query, isListed: true } : notAllowed();
    const hash = hashOf(params);
    const found = hash === null ? undefined : persisted.find(hash);
    return found === undefined ? notAllowed() : { query: found, isListed: true };
  };

  function tooLong({ length }: string): GraphQLError {
    return new GraphQLError(
      `An operation may have at most ${maxCharacters} characters; this one has ${length}.`,
      { extensions: { code: 'OPERATION_TOO_COMPLEX' } },
    );
  }
}

function hashOf({ documentId, extensions }: OperationParams): string | null {
  if (typeof documentId === 'string') return documentId;
  const { persistedQuery } = (extensions ?? {}) as { persistedQuery?: { sha256Hash?: unknown } };
  const hash = persistedQuery?.sha256Hash;
  return typeof hash === 'string' ? hash : null;
}

/**
 * Apollo Server's answer over HTTP to hashes of which nobody has the texts: its clients send the query then.
 *
 * @returns null where the text that was found is to be run
 */
export function refuseHash(
  { extensions }: OperationParams,
  { isListed }: TextFound,
): GraphQLError | null {
  const { persistedQuery } = (extensions ?? {}) as { persistedQuery?: unknown };
  if (isListed || !persistedQuery) return null;
  return new GraphQLError('PersistedQueryNotSupported', {
    extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' },
  });
}

function notAllowed(): GraphQLError {
  return new GraphQLError(
    'Only operations that the operator has listed are run; this one is not.',
    {
      extensions: { code: 'OPERATION_NOT_ALLOWED' },
    },
  );
}
