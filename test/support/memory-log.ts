import { randomBytes } from 'node:crypto';
import { createCursorCodec } from '../../src/datasources/log/cursor-codec.js';
import { isInScope } from '../../src/ingestion/caller.js';
import { CursorInvalidError } from '../../src/ingestion/gateway-error.js';
import {
  type IngestionRecord,
  isTerminal,
  toRequestKey,
} from '../../src/ingestion/ingestion-request.js';
import type { IngestionLog, Scope } from '../../src/ingestion/ports.js';
import {
  applyObservation,
  type Position,
  type Transition,
} from '../../src/ingestion/transition.js';

/**
 * An ingestion log in memory, for tests of its readers: ordered and append-only, but gone with the process. Its
 * cursors are real, and those of an earlier process are refused.
 */
export function createMemoryLog(): IngestionLog {
  const codec = createCursorCodec(randomBytes(32));
  /** The transition at position p stands at index p - 1. */
  const transitions: Transition[] = [];
  const transitionsByRequest = new Map<string, Transition[]>();
  const records = new Map<string, IngestionRecord>();
  const listeners: ((transition: Transition) => void)[] = [];

  function select(scope: Scope, after: Position): readonly Transition[] {
    switch (scope.kind) {
      case 'request': {
        const ofRequest = transitionsByRequest.get(toRequestKey(scope.ref)) ?? [];
        return ofRequest.filter(({ position }) => position > after);
      }
      case 'mappings':
      case 'all':
        return transitions.slice(after).filter(({ ref }) => isInScope(scope, ref.mappingId));
    }
  }

  return {
    async append(observation) {
      const key = toRequestKey(observation.ref);
      const applied = applyObservation(
        records.get(key) ?? null,
        observation,
        transitions.length + 1,
      );
      records.set(key, applied.record);
      if (applied.kind === 'transition') {
        transitions.push(applied.transition);
        const ofRequest = transitionsByRequest.get(key);
        if (ofRequest) ofRequest.push(applied.transition);
        else transitionsByRequest.set(key, [applied.transition]);
        for (const listener of listeners) listener(applied.transition);
      }
      return applied;
    },
    async find(refs) {
      return refs.map((ref) => records.get(toRequestKey(ref)) ?? null);
    },
    recall: (ref) => records.get(toRequestKey(ref)) ?? null,
    state: () => ({}),
    async pastRuns(mappingId, limit) {
      return [...records.values()]
        .filter(
          ({ ref, state }) =>
            isTerminal(state.status) && (mappingId === null || ref.mappingId === mappingId),
        )
        .sort((a, b) => b.firstPosition - a.firstPosition)
        .map(
          ({ startedAt, firstObservedAt, changedAt }) => changedAt - (startedAt ?? firstObservedAt),
        )
        .filter((durationMs) => durationMs > 0)
        .slice(0, limit);
    },
    async mappings(scope, after, limit) {
      const ids = [...records.values()].map(({ ref }) => ref.mappingId);
      return [...new Set(ids)]
        .filter((id) => isInScope(scope, id) && (after === null || id > after))
        .sort()
        .slice(0, limit);
    },
    async read(scope, after, limit) {
      return select(scope, after).slice(0, limit);
    },
    async list(filter, before, limit) {
      const { mappings, statuses, observedAfter, observedBefore, startedBy } = filter;
      if (startedBy !== undefined) throw new Error('The log in memory knows of no starts.');
      return [...records.values()]
        .filter(
          ({ ref, state, firstObservedAt, firstPosition }) =>
            (!mappings || isInScope(mappings, ref.mappingId)) &&
            (!statuses || statuses.includes(state.status)) &&
            (observedAfter === undefined || firstObservedAt >= observedAfter) &&
            (observedBefore === undefined || firstObservedAt < observedBefore) &&
            (before === null || firstPosition < before),
        )
        .sort((a, b) => b.firstPosition - a.firstPosition)
        .slice(0, limit);
    },
    async head() {
      return transitions.length;
    },
    async newest(scope) {
      return select(scope, 0).at(-1)?.position ?? 0;
    },
    toCursor: codec.toCursor,
    async parseCursor(cursor) {
      const position = codec.parseCursor(cursor);
      if (position > transitions.length) {
        throw new CursorInvalidError('This cursor points past the end of the log.');
      }
      return position;
    },
    prune: () => Promise.reject(new Error('The log in memory forgets nothing.')),
    prunedPosition: async () => 0,
    onAppended(listener) {
      listeners.push(listener);
    },
  };
}
