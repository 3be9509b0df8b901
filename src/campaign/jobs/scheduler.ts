import type { Clock } from '../../adobe/clock.js';
import type { Logger } from '../../adobe/logger.js';
import type { Mapping } from '../mapping/mapping.js';
import type { Mappings } from '../mapping/mappings.js';
import { nextRunAtOf } from '../state/mapping-store.js';
import type { State } from '../state/state.js';
import type { JobEnd } from './job-end.js';
import type { Jobs } from './jobs.js';

const FAULT_WAIT_MS = 1_000;

/** How often the wall clock is checked, because it may have been set forward, or the machine may have slept. In ms. */
const LOOK_MS = 60_000;

/**
 * Create the scheduler, which runs started mappings, each at its time. It begins at once.
 *
 * The time of the next run is stored with each change. So a run that was due while the service was down is made up
 * for, once, after the start. A run that becomes due while the mapping is still running is skipped.
 */
export function createScheduler(parts: {
  readonly mappings: Mappings;
  readonly state: State;
  readonly jobs: Pick<Jobs, 'start'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The time between two runs of a mapping that has no own interval. */
  readonly runIntervalMs: number;
  /** The time from a run with a temporary failure to the next run. */
  readonly retryIntervalMs: number;
}) {
  const { mappings, state, jobs, clock, logger } = parts;
  /** Times that this process stored, also by the monotonic clock, so that setting the clock back delays no run. */
  const measured = new Map<string, { readonly nextRunAt: number; readonly dueMs: number }>();
  let isStopped = false;
  let woken = Promise.withResolvers<void>();
  let waiting = new AbortController();

  function runDue(): void {
    for (const mapping of mappings.values()) {
      const everyMs = everyMsOf(mapping, parts);
      const dueAt = nextRunAtOf(state.mappings.stateOf(mapping.id));
      if (dueAt === null) continue;
      const leftMs = leftMsOf(mapping.id, dueAt);
      if (leftMs > 0) {
        // Stored when `every` was longer, or by a clock that was ahead.
        if (leftMs > Math.ceil(everyMs)) postpone(mapping, everyMs);
        continue;
      }
      // The start comes first: if the process ends in between, the mapping is still due, and no run is skipped.
      if (state.jobs.runningOf(mapping.id) === null) {
        const { ended } = jobs.start(mapping, false);
        ended.then((end) => retryIfTransient(mapping, end)).catch(report);
      }
      postpone(mapping, everyMs);
    }
  }

  function postpone(mapping: Mapping, byMs: number): void {
    const nextRunAt = Math.ceil(clock.now() + byMs);
    state.mappings.setState(mapping.id, {
      publication: 'published',
      execution: 'started',
      nextRunAt,
    });
    measured.set(mapping.id, { nextRunAt, dueMs: clock.monotonicMs() + byMs });
  }

  /** The time until a run is due, by the clock that says sooner. */
  function leftMsOf(mappingId: string, nextRunAt: number): number {
    const wallMs = nextRunAt - clock.now();
    const known = measured.get(mappingId);
    if (known?.nextRunAt !== nextRunAt) return wallMs;
    return Math.min(wallMs, known.dueMs - clock.monotonicMs());
  }

  function retryIfTransient(mapping: Mapping, end: JobEnd): void {
    const isTransient = end.kind === 'undecided' || (end.kind === 'failed' && end.isTransient);
    if (isStopped || !isTransient) return;
    const nextRunAt = nextRunAtOf(state.mappings.stateOf(mapping.id));
    if (nextRunAt === null || leftMsOf(mapping.id, nextRunAt) <= parts.retryIntervalMs) return;
    postpone(mapping, parts.retryIntervalMs);
    wake();
  }

  async function loop(): Promise<void> {
    while (!isStopped) {
      woken = Promise.withResolvers();
      waiting = new AbortController();
      let shortestWaitMs = 0;
      try {
        runDue();
      } catch (error) {
        // The disk may be full for a while. Due runs stay due.
        report(error);
        shortestWaitMs = FAULT_WAIT_MS;
      }
      const leftMs = shortestLeftMs();
      if (leftMs === null) await woken.promise;
      else await wait(Math.min(Math.max(leftMs, shortestWaitMs), LOOK_MS));
    }
  }

  async function wait(delayMs: number): Promise<void> {
    await clock.wait(delayMs, waiting.signal).catch(() => {});
  }

  function shortestLeftMs(): number | null {
    const left = [...mappings.keys()].flatMap((mappingId) => {
      const nextRunAt = nextRunAtOf(state.mappings.stateOf(mappingId));
      return nextRunAt === null ? [] : leftMsOf(mappingId, nextRunAt);
    });
    return left.length === 0 ? null : Math.min(...left);
  }

  function report(error: unknown): void {
    logger.error({ err: error }, 'a scheduled run could not be started');
  }

  function wake(): void {
    woken.resolve();
    waiting.abort();
  }

  const looping = loop();
  return {
    /** Look again, because an administrator has changed something. */
    wake,
    async stop(): Promise<void> {
      isStopped = true;
      wake();
      await looping;
    },
  };
}

/** The time between two scheduled runs of the mapping, in ms. */
export function everyMsOf(
  mapping: Mapping,
  { runIntervalMs }: { readonly runIntervalMs: number },
): number {
  return mapping.everyMs ?? runIntervalMs;
}
