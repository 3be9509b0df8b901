import type { Clock, IngestionLog, StartLog } from '../ingestion/ports.js';

/** How often the log is looked through, in ms. */
const INTERVAL_MS = 3_600_000;

/** So many requests are forgotten at a time: whoever else wants the log waits for no more than that. */
const STEP_ITEMS = 200;

/** How long the others have the log to themselves between two steps, in ms. */
const PAUSE_MS = 50;

/** What is pruned, and how long things are kept. */
export interface PrunerOptions {
  readonly log: Pick<IngestionLog | StartLog, 'prune'>;
  readonly clock: Clock;
  /** How long a terminal request is kept after its last change, in ms. */
  readonly retentionMs: number;
  /** Told where a step failed; the next one is tried at its time. */
  readonly onFailed: (error: unknown) => void;
}

/** Forgets what is past its time, from now on, until the returned function is called. */
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
