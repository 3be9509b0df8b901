/** How many sockets are open, of whom, and whether one more may be. */
export interface SocketQuota {
  /** Why this caller may not open one more; null where it may. */
  refusal(callerKey: string): 'full' | 'caller' | null;
  /** One was opened. */
  enter(callerKey: string): void;
  /** One was closed. */
  leave(callerKey: string): void;
}

export function createSocketQuota({
  maxSockets,
  maxSocketsPerCaller,
}: {
  readonly maxSockets: number;
  readonly maxSocketsPerCaller: number;
}): SocketQuota {
  const counts = new Map<string, number>();
  let total = 0;
  const countOf = (callerKey: string) => counts.get(callerKey) ?? 0;
  return {
    refusal(callerKey) {
      if (countOf(callerKey) >= maxSocketsPerCaller) return 'caller';
      return total >= maxSockets ? 'full' : null;
    },
    enter(callerKey) {
      total += 1;
      counts.set(callerKey, countOf(callerKey) + 1);
    },
    leave(callerKey) {
      total -= 1;
      const left = countOf(callerKey) - 1;
      if (left > 0) counts.set(callerKey, left);
      else counts.delete(callerKey);
    },
  };
}
