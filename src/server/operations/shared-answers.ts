import { LRUCache } from 'lru-cache';
import type { Caller } from '../../ingestion/caller.js';
import type { Sharing } from '../../resolvers/operation-context.js';
import type { ContentEncoding, EncodedBody } from './content-encoding.js';

/** An answer over HTTP, as it was sent; without errors. */
export interface SharedAnswer extends EncodedBody {
  readonly operationName: string | null;
  readonly contentType: string;
}

/** A question over HTTP: equal ones are answered alike. */
export interface Question {
  readonly caller: Caller;
  readonly method: string;
  readonly url: string;
  /** What the type of the answer depends on. */
  readonly accept: string | undefined;
  /** What the client takes it in. */
  readonly encoding: ContentEncoding;
  /** As it was sent; empty where there is none. */
  readonly body: string;
}

/**
 * Answers that were given, for the next who ask the same: the same text, with rights to see the same.
 *
 * An answer is given again as long as everything that it was made of would be read as it was: the conditions under
 * which that is so were noted as it was read, and are asked each time. So nobody has to be told of changes here.
 *
 * @see docs/adr/0035-asking-is-as-fast-as-being-told.md
 */
export interface SharedAnswers {
  /** The key of a question. */
  toKey(question: Question): string;
  /** What holds now; null where the question has to be answered anew. */
  find(key: string): SharedAnswer | null;
  /** Keep an answer, if it may be given again. */
  keep(key: string, sharing: Sharing, answer: Omit<SharedAnswer, 'operationName'>): void;
}

interface KeptAnswer extends SharedAnswer {
  readonly conditions: Sharing['conditions'];
}

/** So many answers are kept, of so many characters together, their questions included. */
const MAX_KEPT_ANSWERS = 20_000;
const MAX_KEPT_CHARS = 32 * 1024 * 1024;

/** Longer ones are not: they would take the place of too many. */
const MAX_ANSWER_CHARS = 256 * 1024;

/** What an entry takes beside its texts. */
const ENTRY_CHARS = 500;
const CONDITION_CHARS = 100;

/** Keep answers in this process. */
export function createSharedAnswers(): SharedAnswers {
  const kept = new LRUCache<string, KeptAnswer>({
    max: MAX_KEPT_ANSWERS,
    maxSize: MAX_KEPT_CHARS,
    maxEntrySize: MAX_ANSWER_CHARS,
    sizeCalculation: ({ body, conditions }, key) =>
      ENTRY_CHARS + key.length + body.length + conditions.length * CONDITION_CHARS,
  });
  /** Callers are the same objects as long as their keys and tokens are good. */
  const rightsOf = new WeakMap<Caller, string>();

  function toRights(caller: Caller): string {
    const known = rightsOf.get(caller);
    if (known !== undefined) return known;
    const rights = JSON.stringify([[...caller.rights].sort(), caller.mappings]);
    rightsOf.set(caller, rights);
    return rights;
  }

  return {
    // Only the body may have a line break in it, and is the last.
    toKey: ({ caller, method, url, accept = '', encoding, body }) =>
      `${toRights(caller)}\n${method}\n${accept}\n${encoding}\n${url}\n${body}`,
    find(key) {
      const answer = kept.get(key);
      if (!answer) return null;
      if (holds(answer)) return answer;
      kept.delete(key);
      return null;
    },
    keep(key, { operationName, conditions }, answer) {
      const entry = { operationName, conditions, ...answer };
      // What has changed since it was read, and what depends on the time, is not worth its place.
      if (holds(entry)) kept.set(key, entry);
    },
  };
}

function holds({ conditions }: Pick<KeptAnswer, 'conditions'>): boolean {
  for (const condition of conditions) if (!condition()) return false;
  return true;
}
