import type { Clock, IngestionLog, StartLog } from '../ingestion/ports.js';

/** How often to look for requests to forget, in ms. */
const INTERVAL_MS = 3_600_000;

/** How many requests to forget at a time, so that others don't wait for the log for long. */
const STEP_ITEMS = 200;

/** The pause between two steps, in ms, in which others have the log. */
const PAUSE_MS = 50;

/** What is pruned, and how long things are kept. */
export interface PrunerOptions {
  readonly log: Pick<IngestionLog | StartLog, 'prune'>;
  readonly clock: Clock;
  /** How long a terminal request is kept after its last change, in ms. */
  readonly retentionMs: number;
  /** Called if a step fails; the next one is tried at its usual time. */
  readonly onFailed: (error: unknown) => void;
}

/** Forget old requests from now on, until the returned function is called. */
export function startPruner({ log, clock, retentionMs, onFailed }: PrunerOptions): () => void {
  let isStopped = false;
  let cancel = () => {};

  async function step(): Promise<void> {
    let delayMs = INTERVAL_MS;
    try {
      const count = await log.prune(clock.now() - retentionMs, STEP_ITEMS);
      if (count === STEP_ITEMS) delayMs = PAUSE_MS;
    } catch (error) {
      if (!isStopped) onFailed(error);
    }
    if (!isStopped) cancel = clock.schedule(delayMs, () => void step());
  }

  void step();
  return () => {
    isStopped = true;
    cancel();
  };
}
