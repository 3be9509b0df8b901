import type { Caller } from '../../ingestion/caller.js';

/** Who sends an operation, over any transport. */
export interface Client {
  readonly caller: Caller;
  /** What its limits are counted by. */
  readonly key: string;
}

/** Callers without a name are distinguished by their addresses. */
export function toClient(caller: Caller, addressKey: string): Client {
  return { caller, key: caller.name === null ? addressKey : `caller:${caller.name}` };
}
