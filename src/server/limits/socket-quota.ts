import type { Refusal } from '../admission/refusal.js';

const tooManyOfCaller: Refusal = {
  status: 429,
  code: 'RATE_LIMITED',
  message: 'You have as many WebSockets and streams over HTTP open as you may have. Close one.',
};
const tooMany: Refusal = {
  status: 503,
  code: 'TOO_MANY_SOCKETS',
  message:
    'The gateway has as many WebSockets and streams over HTTP as it may have. Try again later.',
};

/** How many sockets and streams are open, of whom, and whether one more may be. */
export interface SocketQuota {
  /** Why this caller may not open one more; null where it may. */
  refusal(callerKey: string): Refusal | null;
  /** One was opened. */
  enter(callerKey: string): void;
  /** One turned out to be of another caller. False where that one may not have it; then nothing is changed. */
  move(from: string, to: string): boolean;
  /** One was closed. */
  leave(callerKey: string): void;
}

/** Count the open sockets and streams, in all and of each caller. */
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
  const change = (callerKey: string, by: number) => {
    const count = countOf(callerKey) + by;
    if (count > 0) counts.set(callerKey, count);
    else counts.delete(callerKey);
  };
  return {
    refusal(callerKey) {
      if (countOf(callerKey) >= maxSocketsPerCaller) return tooManyOfCaller;
      return total >= maxSockets ? tooMany : null;
    },
    enter(callerKey) {
      total += 1;
      change(callerKey, 1);
    },
    move(from, to) {
      if (from === to) return true;
      if (countOf(to) >= maxSocketsPerCaller) return false;
      change(from, -1);
      change(to, 1);
      return true;
    },
    leave(callerKey) {
      total -= 1;
      change(callerKey, -1);
    },
  };
}
