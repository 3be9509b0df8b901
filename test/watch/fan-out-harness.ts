import type { ReportedState } from '../../src/ingestion/ingestion-request.js';
import type { Scope } from '../../src/ingestion/ports.js';
import type { Position, Transition } from '../../src/ingestion/transition.js';
import { createFanOut, type Outlet, type TransitionSource } from '../../src/watch/fan-out.js';
import { Place } from '../../src/watch/follow.js';
import { createHub } from '../../src/watch/hub.js';
import { settle } from '../support/manual-clock.js';
import { createMemoryLog } from '../support/memory-log.js';

/** A request that runs, and one that has ended. */
export const running: ReportedState = { status: 'IN_PROGRESS', info: '', batchId: null };
export const finished: ReportedState = {
  status: 'SUCCESS',
  info: '',
  batchId: null,
  numRecords: 1,
};
/** All mappings. */
export const all: Scope = { kind: 'all' };

/** An outlet that records its events, and stalls when told to. */
export function createOutlet() {
  const given: Position[] = [];
  const ends: ('complete' | Error)[] = [];
  let stalled: PromiseWithResolvers<void> | null = null;
  const outlet: Outlet<Position> = {
    next(position) {
      given.push(position);
      return stalled?.promise ?? null;
    },
    complete: () => void ends.push('complete'),
    fail: (error) => void ends.push(error as Error),
  };
  return {
    outlet,
    given,
    ends,
    stall() {
      stalled ??= Promise.withResolvers();
    },
    drain() {
      stalled?.resolve();
      stalled = null;
    },
  };
}

/** A fan-out of a log in memory, whose events are the positions of transitions. */
export function createSubject(replaced: Partial<TransitionSource['log']> = {}) {
  const log = createMemoryLog();
  const hub = createHub();
  log.onAppended((transition) => hub.publish(transition));
  const fanOut = createFanOut<Position>({
    log: { find: log.find, read: log.read, head: log.head, ...replaced },
    hub,
  });
  const rendered: Position[] = [];
  const render = async ({ position }: Transition) => {
    rendered.push(position);
    // Sometimes immediately, sometimes after others had their turn.
    if (position % 3 === 0) await settle();
    return position;
  };
  let requestCount = 0;
  return {
    log,
    hub,
    fanOut,
    rendered,
    follow: (
      outlet: Outlet<Position>,
      position: Position = 0,
      scope: Scope = all,
      rendering = render,
    ) => fanOut.follow(JSON.stringify(scope), new Place(scope, position), rendering, outlet),
    append(mappingId = 'm', seen = running, requestId?: string) {
      requestCount += 1;
      const ref = { mappingId, requestId: requestId ?? String(requestCount) };
      return log.append({ ref, seen, observedAt: 0 });
    },
  };
}

/** Let the event loop turn until nothing changes any more. */
export async function settleAll(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await settle();
}

/** The positions from 1 to this one. */
export const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
