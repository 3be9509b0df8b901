import { TooManyOperationsError } from '../../ingestion/gateway-error.js';

/** How much may be in progress at a time, for each caller and for all. */
export type Quota = ReturnType<typeof createQuota>;

/** @param tooMany - the message for a caller who has reached a limit */
export function createQuota({
  maxPerCaller,
  max,
  tooMany,
}: {
  readonly maxPerCaller: number;
  readonly max: number;
  readonly tooMany: (whose: 'caller' | 'all', limit: number) => string;
}) {
  const counts = new Map<string, number>();
  let total = 0;

  function change(callerKey: string, by: number): void {
    total += by;
    const count = (counts.get(callerKey) ?? 0) + by;
    if (count > 0) counts.set(callerKey, count);
    else counts.delete(callerKey);
  }

  return {
    /**
     * Count work until it ends, however it ends and whoever still waits for it.
     *
     * @returns call this when it has ended; safe to repeat
     * @throws {TooManyOperationsError} it would be too much
     */
    take(callerKey: string, count: number): () => void {
      if ((counts.get(callerKey) ?? 0) + count > maxPerCaller) {
        throw new TooManyOperationsError(tooMany('caller', maxPerCaller), 'caller');
      }
      if (total + count > max) throw new TooManyOperationsError(tooMany('all', max), 'all');
      change(callerKey, count);
      let isReleased = false;
      return () => {
        if (isReleased) return;
        isReleased = true;
        change(callerKey, -count);
      };
    },
  };
}
