import { LRUCache } from 'lru-cache';
import type { Caller } from '../../ingestion/caller.js';
import type { Sharing } from '../../resolvers/operation-context.js';
import type { ContentEncoding, EncodedBody } from './content-encoding.js';

/** An answer over HTTP, as it was sent; without errors. */
export interface SharedAnswer extends EncodedBody {
  readonly operationName: string | null;
  readonly contentType: string;
}

/** A query over HTTP. Equal ones get equal answers. */
export interface Question {
  readonly caller: Caller;
  readonly method: string;
  readonly url: string;
  /** Decides the type of the answer. */
  readonly accept: string | undefined;
  /** The encoding that the client accepts. */
  readonly encoding: ContentEncoding;
  /** As it was sent; empty if there is none. */
  readonly body: string;
}

interface KeptAnswer extends SharedAnswer {
  readonly conditions: Sharing['conditions'];
}

/** The maximum number of characters of all answers, including queries: some 20,000 short ones. */
const MAX_KEPT_CHARS = 32 * 1024 * 1024;

/** Longer answers are not kept, because they would displace too many. */
const MAX_ANSWER_CHARS = 256 * 1024;

/** The size of an entry besides its texts. */
const ENTRY_CHARS = 1_000;
const CONDITION_CHARS = 100;

/**
 * Answers for the next clients that send the same text and have the right to see the same.
 *
 * An answer is reused while everything that it was made from would be read the same again. Each reader noted the
 * conditions for that, and they are checked each time. So nobody has to announce changes here.
 *
 * @see docs/adr/0035-asking-is-as-fast-as-being-told.md
 */
export type SharedAnswers = ReturnType<typeof createSharedAnswers>;

/** Keep answers in this process. */
export function createSharedAnswers() {
  const kept = new LRUCache<string, KeptAnswer>({
    maxSize: MAX_KEPT_CHARS,
    maxEntrySize: MAX_ANSWER_CHARS,
    sizeCalculation: ({ body, conditions }, key) =>
      ENTRY_CHARS + key.length + body.length + conditions.length * CONDITION_CHARS,
  });
  /** Callers are the same objects while their keys and tokens are valid. */
  const rightsOf = new WeakMap<Caller, string>();

  function toRights(caller: Caller): string {
    const known = rightsOf.get(caller);
    if (known !== undefined) return known;
    const rights = JSON.stringify([[...caller.rights].sort(), caller.mappings]);
    rightsOf.set(caller, rights);
    return rights;
  }

  return {
    /** The key of a query. Only the body may contain a line break, and it comes last. */
    toKey: ({ caller, method, url, accept = '', encoding, body }: Question): string =>
      `${toRights(caller)}\n${method}\n${accept}\n${encoding}\n${url}\n${body}`,
    /** The answer if its conditions still hold; null if the query has to be executed. */
    find(key: string): SharedAnswer | null {
      const answer = kept.get(key);
      if (!answer) return null;
      if (holds(answer)) return answer;
      kept.delete(key);
      return null;
    },
    /** Keep an answer, if it may be shared. */
    keep(
      key: string,
      { operationName, conditions }: Sharing,
      answer: Omit<SharedAnswer, 'operationName'>,
    ): void {
      const entry = { operationName, conditions, ...answer };
      // An answer that has changed meanwhile, or depends on the time, is not worth keeping.
      if (holds(entry)) kept.set(key, entry);
    },
  };
}

function holds({ conditions }: Pick<KeptAnswer, 'conditions'>): boolean {
  for (const condition of conditions) if (!condition()) return false;
  return true;
}
