import { LRUCache } from 'lru-cache';
import { isTerminal } from '../ingestion/ingestion-request.js';
import type { Clock, IngestionLog } from '../ingestion/ports.js';
import { learnRuns, PAST_RUNS, type RunModel, scaleFree } from '../ingestion/run-model.js';
import type { Transition } from '../ingestion/transition.js';

/** What a run history requires. */
export interface RunHistoryOptions {
  readonly log: Pick<IngestionLog, 'pastRuns'>;
  readonly clock: Clock;
  /** The log could not be read; it is read again when the model is next needed. */
  readonly onFailed: (error: unknown) => void;
}

/** More mappings than one gateway is likely to watch at a time. */
const MAX_MAPPINGS = 5_000;

/** How long the runs of all mappings are kept, in ms: they only stand in for those of new mappings. */
const ALL_KEPT_MS = 60_000;

/** What was learned about a mapping, or about all. */
interface Learned {
  model: RunModel | null;
  /** Whether the log has newer runs. */
  isOutdated: boolean;
  isLoading: boolean;
}

/** Learn from the log on demand, and again whenever a run has ended. */
export function createRunHistory({ log, clock, onFailed }: RunHistoryOptions) {
  const byMapping = new LRUCache<string, Learned>({ max: MAX_MAPPINGS });
  const all = nothingLearned();
  let allLearnedMs = 0;

  async function learn(learned: Learned, mappingId: string | null): Promise<void> {
    learned.isLoading = true;
    // Set before the read, because a run that ends meanwhile makes it outdated again.
    learned.isOutdated = false;
    try {
      const runs = await log.pastRuns(mappingId, PAST_RUNS);
      learned.model = runs.length > 0 ? learnRuns(runs) : null;
    } catch (error) {
      learned.isOutdated = true;
      onFailed(error);
    } finally {
      learned.isLoading = false;
    }
  }

  function refresh(learned: Learned, mappingId: string | null): void {
    if (learned.isOutdated && !learned.isLoading) void learn(learned, mappingId);
  }

  return {
    /**
     * What is known now, without waiting. For a mapping that was not looked up yet, that is the runs of all mappings;
     * for an empty log, nothing. The look-up happens in the background.
     */
    modelOf(mappingId: string): RunModel {
      let learned = byMapping.get(mappingId);
      if (!learned) {
        learned = nothingLearned();
        byMapping.set(mappingId, learned);
      }
      refresh(learned, mappingId);
      if (learned.model) return learned.model;
      if (clock.monotonicMs() - allLearnedMs >= ALL_KEPT_MS) {
        allLearnedMs = clock.monotonicMs();
        all.isOutdated = true;
      }
      refresh(all, null);
      return all.model ?? scaleFree;
    },
    /** Learn from a run that ended with this transition. */
    observe({ ref, to }: Transition): void {
      const learned = byMapping.get(ref.mappingId);
      if (learned && isTerminal(to.status)) learned.isOutdated = true;
    },
  };
}

function nothingLearned(): Learned {
  return { model: null, isOutdated: true, isLoading: false };
}
