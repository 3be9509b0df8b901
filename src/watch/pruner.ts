import type { Clock, IngestionLog, StartLog } from '../ingestion/ports.js';

/** When to prune first, in ms: a gateway that starts has more urgent things to do. */
const FIRST_MS = 10_000;

/** How often to prune, in ms. */
const INTERVAL_MS = 3_600_000;

/** How many to forget at a time, so that others don't wait for the log for long. */
const STEP_ITEMS = 200;

/** The pause between two steps, in ms, in which others have the log. */
const PAUSE_MS = 50;

/** What is pruned, and how long it is kept. */
export interface Pruned {
  /** As shown to people: "Old <name> could not be pruned". */
  readonly name: string;
  readonly log: Pick<IngestionLog | StartLog, 'prune'>;
  /** How long something is kept after its last change, in ms. */
  readonly retentionMs: number;
}

/** What to prune, and what tells the time and hears of failures. */
export interface PrunerOptions {
  /** Pruned one after the other. */
  readonly all: readonly Pruned[];
  readonly clock: Pick<Clock, 'now' | 'schedule'>;
  /** Called if a step fails; the next one is tried at its usual time. */
  readonly onFailed: (error: unknown, name: string) => void;
}

/** Forget what is old from now on, until the returned function is called. */
export function startPruner({ all, clock, onFailed }: PrunerOptions): () => void {
  let isStopped = false;
  let cancel = clock.schedule(FIRST_MS, () => void prune());

  async function prune(): Promise<void> {
    let delayMs = INTERVAL_MS;
    for (const { name, log, retentionMs } of all) {
      try {
        const count = await log.prune(clock.now() - retentionMs, STEP_ITEMS);
        if (count === STEP_ITEMS) delayMs = PAUSE_MS;
      } catch (error) {
        if (!isStopped) onFailed(error, name);
      }
      if (isStopped) return;
    }
    cancel = clock.schedule(delayMs, () => void prune());
  }

  return () => {
    isStopped = true;
    cancel();
  };
}
