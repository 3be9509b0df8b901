import DataLoader from 'dataloader';
import type { IngestionLog } from '../../ingestion/ports.js';
import { PAST_RUNS } from '../../ingestion/run-model.js';
import { toUsualDuration, type UsualDuration } from '../../ingestion/usual-duration.js';

/** How long the runs of mappings usually take, by mapping id; each looked up once. */
export type UsualDurationLoader = DataLoader<string, UsualDuration | null>;

/** A loader for one operation, or for one delivered transition of a subscription. */
export function createUsualDurationLoader(
  log: Pick<IngestionLog, 'pastRuns'>,
): UsualDurationLoader {
  return new DataLoader((mappingIds) =>
    Promise.all(mappingIds.map(async (id) => toUsualDuration(await log.pastRuns(id, PAST_RUNS)))),
  );
}
