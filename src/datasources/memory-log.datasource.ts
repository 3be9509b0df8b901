import { randomBytes } from 'node:crypto';
import { CursorInvalidError } from '../ingestion/gateway-error.js';
import {
  type IngestionRecord,
  type ReportedState,
  type RequestRef,
  toRequestKey,
} from '../ingestion/ingestion-request.js';
import type { Appended, IngestionLog, Scope } from '../ingestion/ports.js';
import { observe, type Position, type Transition } from '../ingestion/transition.js';
import { createCursorCodec } from './cursor-codec.js';

/**
 * The ingestion log in this process's memory: ordered and append-only, but gone with the process. Its
 * cursors are real, and those of an earlier process are refused.
 */
export function createMemoryLog(): IngestionLog {
  const codec = createCursorCodec(randomBytes(32));
  /** The transition at position p stands at index p - 1. */
  const transitions: Transition[] = [];
  const transitionsByRequest = new Map<string, Transition[]>();
  const records = new Map<string, IngestionRecord>();
  const listeners: ((transition: Transition) => void)[] = [];

  function write(
    ref: RequestRef,
    seen: ReportedState,
    observedAt: number,
    startedAt: number | null,
  ): Appended {
    const key = toRequestKey(ref);
    const known = records.get(key);
    const observed = observe(known?.state.status ?? null, seen.status);
    const started = known?.startedAt ?? startedAt;
    if (observed.kind === 'transition') {
      const record = {
        ref,
        state: seen,
        startedAt: started,
        firstObservedAt: known?.firstObservedAt ?? observedAt,
        changedAt: observedAt,
      };
      const position = transitions.length + 1;
      const transition = { position, ref, from: observed.from, to: seen, observedAt };
      records.set(key, record);
      transitions.push(transition);
      const ofRequest = transitionsByRequest.get(key);
      if (ofRequest) ofRequest.push(transition);
      else transitionsByRequest.set(key, [transition]);
      return { kind: 'transition', record, transition };
    }
    if (!known) throw new Error('A first observation is always a transition.');
    const record = { ...known, startedAt: started };
    records.set(key, record);
    return { kind: observed.kind, record };
  }

  function select(scope: Scope, after: Position): readonly Transition[] {
    switch (scope.kind) {
      case 'request': {
        const ofRequest = transitionsByRequest.get(toRequestKey(scope.ref)) ?? [];
        return ofRequest.filter(({ position }) => position > after);
      }
      case 'mappings': {
        const mappingIds = new Set(scope.mappingIds);
        return transitions.slice(after).filter(({ ref }) => mappingIds.has(ref.mappingId));
      }
      case 'all':
        return transitions.slice(after);
    }
  }

  return {
    async append(ref, seen, observedAt, startedAt) {
      const appended = write(ref, seen, observedAt, startedAt ?? null);
      if (appended.kind === 'transition') {
        for (const listener of listeners) listener(appended.transition);
      }
      return appended;
    },
    async find(refs) {
      return refs.map((ref) => records.get(toRequestKey(ref)) ?? null);
    },
    async read(scope, after, limit) {
      return select(scope, after).slice(0, limit);
    },
    async head() {
      return transitions.length;
    },
    toCursor: codec.toCursor,
    async parseCursor(cursor) {
      const position = codec.parseCursor(cursor);
      if (position > transitions.length) {
        throw new CursorInvalidError('This cursor points past the end of the log.');
      }
      return position;
    },
    onAppended(listener) {
      listeners.push(listener);
    },
  };
}
