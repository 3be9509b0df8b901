import type { Caller } from '../../ingestion/caller.js';

/** Who sends an operation, over whichever transport. */
export interface Asker {
  readonly caller: Caller;
  /** By what its limits are counted. */
  readonly key: string;
}

/** A caller without a name is told from others by its address. */
export function toAsker(caller: Caller, addressKey: string): Asker {
  return { caller, key: caller.name === null ? addressKey : `caller:${caller.name}` };
}
