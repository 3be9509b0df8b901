import DataLoader from 'dataloader';
import type { AdministeredMapping, Job } from '../../ingestion/administration.js';
import type { Administration } from '../../ingestion/ports.js';

/** What one operation looks up of the administration, each once. */
export interface AdministrationLoader {
  /** All mappings. */
  mappings(): Promise<readonly AdministeredMapping[]>;
  /** The job of a request, by the request's id; null where there is none. */
  readonly jobsOfRequests: DataLoader<string, Job | null>;
}

/** As many as one call may name. */
const MAX_REQUESTS = 100;

/** A loader to be used for one operation, or for one delivered transition of a subscription. */
export function createAdministrationLoader(
  administration: Administration,
  caller: string,
): AdministrationLoader {
  let mappings: Promise<readonly AdministeredMapping[]> | null = null;
  return {
    mappings() {
      mappings ??= administration.mappings(caller);
      return mappings;
    },
    jobsOfRequests: new DataLoader(
      async (requestIds) => {
        // Ids of this service are numbers; a request with any other is none of its.
        const known = requestIds.filter((id) => /^\d{1,15}$/.test(id));
        if (known.length === 0) return requestIds.map(() => null);
        const jobs = await administration.jobs({ requestIds: known }, null, known.length, caller);
        return requestIds.map((id) => jobs.find(({ requestId }) => requestId === id) ?? null);
      },
      { maxBatchSize: MAX_REQUESTS },
    ),
  };
}
