import type { Refusal } from '../admission/refusal.js';

const tooManyOfCaller: Refusal = {
  status: 429,
  code: 'RATE_LIMITED',
  message: 'You have reached your limit of WebSockets and streams over HTTP. Close one.',
};
const tooMany: Refusal = {
  status: 503,
  code: 'TOO_MANY_SOCKETS',
  message:
    'The gateway has reached its limit of WebSockets and streams over HTTP. Try again later.',
};

/** Counts open sockets and streams by caller, and decides whether one more may open. */
export type SocketQuota = ReturnType<typeof createSocketQuota>;

/** Count the open sockets and streams, in total and for each caller. */
export function createSocketQuota({
  maxSockets,
  maxSocketsPerCaller,
}: {
  readonly maxSockets: number;
  readonly maxSocketsPerCaller: number;
}) {
  const counts = new Map<string, number>();
  let total = 0;
  const countOf = (callerKey: string) => counts.get(callerKey) ?? 0;
  const change = (callerKey: string, by: number) => {
    const count = countOf(callerKey) + by;
    if (count > 0) counts.set(callerKey, count);
    else counts.delete(callerKey);
  };
  return {
    /** Why this caller may not open another one; null if it may. */
    refusal(callerKey: string): Refusal | null {
      if (countOf(callerKey) >= maxSocketsPerCaller) return tooManyOfCaller;
      return total >= maxSockets ? tooMany : null;
    },
    /** One was opened. */
    enter(callerKey: string): void {
      total += 1;
      change(callerKey, 1);
    },
    /** A socket turned out to belong to another caller. False if that caller may not have it; then nothing changes. */
    move(from: string, to: string): boolean {
      if (from === to) return true;
      if (countOf(to) >= maxSocketsPerCaller) return false;
      change(from, -1);
      change(to, 1);
      return true;
    },
    /** One was closed. */
    leave(callerKey: string): void {
      total -= 1;
      change(callerKey, -1);
    },
  };
}
