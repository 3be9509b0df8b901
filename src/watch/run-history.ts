import { LRUCache } from 'lru-cache';
import { isTerminal } from '../ingestion/ingestion-request.js';
import type { Clock, IngestionLog } from '../ingestion/ports.js';
import { learnRuns, PAST_RUNS, type RunModel, scaleFree } from '../ingestion/run-model.js';
import type { Transition } from '../ingestion/transition.js';

/** How long runs of each mapping last, learned from those in the log. */
export interface RunHistory {
  /**
   * What is known now, without waiting: of a mapping that was not looked up yet, the runs of all mappings; of a
   * log without any, nothing. Looked up meanwhile.
   */
  modelOf(mappingId: string): RunModel;
  /** Take note of a transition: a run that ended is learned from. */
  observe(transition: Transition): void;
}

/** What a run history needs. */
export interface RunHistoryOptions {
  readonly log: Pick<IngestionLog, 'pastRuns'>;
  readonly clock: Clock;
  /** The log could not be asked; it is asked again when the model is next wanted. */
  readonly onFailed: (error: unknown) => void;
}

/** More mappings than one gateway is likely to watch at a time. */
const MAX_MAPPINGS = 5_000;

/** The runs of all mappings are looked up again after this, in ms: they stand in for those of new ones only. */
const ALL_KEPT_MS = 60_000;

/** What was learned of a mapping, or of all. */
interface Learned {
  model: RunModel | null;
  /** Whether the log has more by now. */
  isStale: boolean;
  isLoading: boolean;
}

/** Learn from the log as it is wanted, and anew whenever a run has ended. */
export function createRunHistory({ log, clock, onFailed }: RunHistoryOptions): RunHistory {
  const byMapping = new LRUCache<string, Learned>({ max: MAX_MAPPINGS });
  const all = nothingLearned();
  let allLearnedMs = 0;

  async function learn(learned: Learned, mappingId: string | null): Promise<void> {
    learned.isLoading = true;
    // Before the log is asked: a run that ends meanwhile makes it stale again.
    learned.isStale = false;
    try {
      const runs = await log.pastRuns(mappingId, PAST_RUNS);
      learned.model = runs.length > 0 ? learnRuns(runs) : null;
    } catch (error) {
      learned.isStale = true;
      onFailed(error);
    } finally {
      learned.isLoading = false;
    }
  }

  function refresh(learned: Learned, mappingId: string | null): void {
    if (learned.isStale && !learned.isLoading) void learn(learned, mappingId);
  }

  return {
    modelOf(mappingId) {
      let learned = byMapping.get(mappingId);
      if (!learned) {
        learned = nothingLearned();
        byMapping.set(mappingId, learned);
      }
      refresh(learned, mappingId);
      if (learned.model) return learned.model;
      if (clock.monotonicMs() - allLearnedMs >= ALL_KEPT_MS) {
        allLearnedMs = clock.monotonicMs();
        all.isStale = true;
      }
      refresh(all, null);
      return all.model ?? scaleFree;
    },
    observe({ ref, to }) {
      const learned = byMapping.get(ref.mappingId);
      if (learned && isTerminal(to.status)) learned.isStale = true;
    },
  };
}

function nothingLearned(): Learned {
  return { model: null, isStale: true, isLoading: false };
}
