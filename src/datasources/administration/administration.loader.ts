import DataLoader from 'dataloader';
import type { AdministeredMapping, Job } from '../../ingestion/administration.js';
import type { Administration } from '../../ingestion/ports.js';

/** The maximum number in one call. */
const MAX_REQUESTS = 100;

/** What one operation looks up in the administration API, each once. */
export type AdministrationLoader = ReturnType<typeof createAdministrationLoader>;

/** A loader for one operation, or for one delivered transition of a subscription. */
export function createAdministrationLoader(administration: Administration, caller: string) {
  let mappings: Promise<readonly AdministeredMapping[]> | null = null;
  return {
    /** All mappings. */
    mappings(): Promise<readonly AdministeredMapping[]> {
      mappings ??= administration.mappings(caller);
      return mappings;
    },
    /** The job of a request, by the request's id; null if there is none. */
    jobsOfRequests: new DataLoader<string, Job | null>(
      async (requestIds) => {
        // The service's ids are numbers. It has no request with any other id.
        const known = requestIds.filter((id) => /^\d{1,15}$/.test(id));
        if (known.length === 0) return requestIds.map(() => null);
        const jobs = await administration.jobs({ requestIds: known }, null, known.length, caller);
        return requestIds.map((id) => jobs.find(({ requestId }) => requestId === id) ?? null);
      },
      { maxBatchSize: MAX_REQUESTS },
    ),
  };
}
