import { type RequestRef, toRequestKey } from '../ingestion/ingestion-request.js';
import type { Scope } from '../ingestion/ports.js';
import type { Transition } from '../ingestion/transition.js';

/** Takes a transition; must not throw. */
export type TransitionListener = (transition: Transition) => void;

/** Announces transitions to current listeners. They read in the log what they missed before. */
export type Hub = ReturnType<typeof createHub>;

/**
 * A hub within this process.
 *
 * @param onListening - called for each request that somebody begins to listen to alone
 */
export function createHub(onListening: (ref: RequestRef) => void = () => {}) {
  const listenersByTopic = new Map<string, Set<TransitionListener>>();
  /**
   * By prefixes of mapping ids. Each prefix costs every transition a comparison; there are as many as callers' scopes
   * name.
   */
  const listenersByPrefix = new Map<string, Set<TransitionListener>>();
  let listenerCount = 0;

  return {
    /**
     * Pass a transition on to every listener whose scope may contain it. A transition doesn't say who started its
     * request.
     */
    publish(transition: Transition): void {
      for (const topic of topicsOf(transition)) {
        for (const listener of listenersByTopic.get(topic) ?? []) listener(transition);
      }
      for (const [prefix, listeners] of listenersByPrefix) {
        if (!transition.ref.mappingId.startsWith(prefix)) continue;
        for (const listener of listeners) listener(transition);
      }
    },
    /** Listen until the returned function is called. */
    register(scope: Scope, listener: TransitionListener): () => void {
      // Wrapped, so that a listener registered twice counts as two.
      const { statuses } = scope.kind === 'request' ? {} : scope;
      const registered: TransitionListener = (transition) => {
        if (statuses?.includes(transition.to.status) ?? true) listener(transition);
      };
      const leaves = [
        ...topicsIn(scope).map((topic) => join(listenersByTopic, topic, registered)),
        ...prefixesIn(scope).map((prefix) => join(listenersByPrefix, prefix, registered)),
      ];
      listenerCount += 1;
      if (scope.kind === 'request') onListening(scope.ref);
      let isRegistered = true;
      return () => {
        if (!isRegistered) return;
        isRegistered = false;
        listenerCount -= 1;
        for (const leave of leaves) leave();
      };
    },
    /** Whether anybody listens to this request alone. */
    hasListeners: (ref: RequestRef): boolean => listenersByTopic.has(toRequestTopic(ref)),
    /** The number of listeners. */
    get listenerCount() {
      return listenerCount;
    },
  };
}

function join(
  listenersByKey: Map<string, Set<TransitionListener>>,
  key: string,
  listener: TransitionListener,
): () => void {
  const listeners = listenersByKey.get(key) ?? new Set();
  listenersByKey.set(key, listeners.add(listener));
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) listenersByKey.delete(key);
  };
}

const EVERYTHING = 'all';

function toRequestTopic(ref: RequestRef): string {
  return `request:${toRequestKey(ref)}`;
}

/**
 * A transition belongs to one topic of each kind. A scope names topics of one kind only, or prefixes that overlap
 * neither with them nor with each other, so nobody hears of a transition twice.
 */
function topicsOf({ ref }: Transition): readonly string[] {
  return [toRequestTopic(ref), `mapping:${ref.mappingId}`, EVERYTHING];
}

function topicsIn(scope: Scope): readonly string[] {
  switch (scope.kind) {
    case 'request':
      return [toRequestTopic(scope.ref)];
    case 'mappings':
      return [...new Set(scope.mappingIds)].map((mappingId) => `mapping:${mappingId}`);
    case 'all':
      return [EVERYTHING];
  }
}

function prefixesIn(scope: Scope): readonly string[] {
  return (scope.kind === 'mappings' && scope.mappingPrefixes) || [];
}
