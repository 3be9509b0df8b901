import { useSyncExternalStore } from 'react';

const SECOND_MS = 1_000;

let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

/** Now, in ms since the epoch, updated once a second for all components together. */
export function useNow(): number {
  return useSyncExternalStore(listen, () => now);
}

/** The beginning of today, in ms since the epoch: changes at midnight, also in a page that stays open. */
export function useToday(): number {
  return useSyncExternalStore(listen, () => new Date(now).setHours(0, 0, 0, 0));
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, SECOND_MS);
  tick();
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function tick(): void {
  now = Date.now();
  for (const listener of [...listeners]) listener();
}
