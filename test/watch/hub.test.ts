import { describe, expect, it } from '@jest/globals';
import type { Scope } from '../../src/ingestion/ports.js';
import type { Transition } from '../../src/ingestion/transition.js';
import { createHub } from '../../src/watch/hub.js';

function transitionOf(mappingId: string, requestId: string): Transition {
  const to = { status: 'IN_PROGRESS', info: '', batchId: null } as const;
  return { position: 1, ref: { mappingId, requestId }, from: null, to, observedAt: 0 };
}

describe('the hub', () => {
  it.each<[string, Scope, boolean]>([
    ['its request', { kind: 'request', ref: { mappingId: 'm', requestId: '1' } }, true],
    ['another request', { kind: 'request', ref: { mappingId: 'm', requestId: '2' } }, false],
    [
      'another mapping’s request',
      { kind: 'request', ref: { mappingId: 'n', requestId: '1' } },
      false,
    ],
    ['its mapping', { kind: 'mappings', mappingIds: ['n', 'm'] }, true],
    ['its mapping, named twice', { kind: 'mappings', mappingIds: ['m', 'm'] }, true],
    ['another mapping', { kind: 'mappings', mappingIds: ['n'] }, false],
    ['a prefix of it', { kind: 'mappings', mappingIds: ['n'], mappingPrefixes: ['m', 'x'] }, true],
    ['another prefix', { kind: 'mappings', mappingIds: [], mappingPrefixes: ['n', 'mm'] }, false],
    ['nothing', { kind: 'mappings', mappingIds: [] }, false],
    ['everything', { kind: 'all' }, true],
  ])('announces a transition at most once to a listener to %s', (_what, scope, isTold) => {
    const hub = createHub();
    const told: Transition[] = [];
    hub.register(scope, (transition) => told.push(transition));
    hub.publish(transitionOf('m', '1'));
    expect(told).toHaveLength(isTold ? 1 : 0);
  });

  it.each<[string, Scope]>([
    ['everything', { kind: 'all' }],
    ['a prefix', { kind: 'mappings', mappingIds: [], mappingPrefixes: ['m'] }],
  ])('forgets a released listener to %s, even if it is released twice', (_what, scope) => {
    const hub = createHub();
    const told: Transition[] = [];
    const release = hub.register(scope, (transition) => told.push(transition));
    hub.register(scope, () => {});
    release();
    release();
    hub.publish(transitionOf('m', '1'));
    expect(told).toEqual([]);
    expect(hub.listenerCount).toBe(1);
  });
});
