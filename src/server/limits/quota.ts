import { TooManyOperationsError } from '../../ingestion/gateway-error.js';

/** How much may be under way at a time, of each caller and of all. */
export interface Quota {
  /**
   * Count something until it is over, however it ends and whoever still waits for it.
   *
   * @returns to be called once it is over; safe to repeat
   * @throws {TooManyOperationsError} it would be too much
   */
  take(callerKey: string, count: number): () => void;
}

/** @param tooMany - what a caller is told, where that much may be under way */
export function createQuota({
  maxPerCaller,
  max,
  tooMany,
}: {
  readonly maxPerCaller: number;
  readonly max: number;
  readonly tooMany: (whose: 'caller' | 'all', limit: number) => string;
}): Quota {
  const counts = new Map<string, number>();
  let total = 0;

  function change(callerKey: string, by: number): void {
    total += by;
    const count = (counts.get(callerKey) ?? 0) + by;
    if (count > 0) counts.set(callerKey, count);
    else counts.delete(callerKey);
  }

  return {
    take(callerKey, count) {
      if ((counts.get(callerKey) ?? 0) + count > maxPerCaller) {
        throw new TooManyOperationsError(tooMany('caller', maxPerCaller), 'caller');
      }
      if (total + count > max) throw new TooManyOperationsError(tooMany('all', max), 'all');
      change(callerKey, count);
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        change(callerKey, -count);
      };
    },
  };
}
