import { isHangUpIgnored } from './hang-up.js';
import { stopWithin } from './stop-within.js';

/** What tells a process to stop: a supervisor, Ctrl-C, or a terminal that is closed. */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** One of those signals. */
export type StopSignal = (typeof STOP_SIGNALS)[number];

/**
 * A signal that comes so soon after another is the same one: Ctrl-C reaches all processes of a terminal, and
 * npm passes on what it gets itself, within a few ms. Nobody presses it twice so fast. In ms.
 */
const ECHO_MS = 120;

/** The signals to stop that a process gets. */
export interface StopSignals {
  /** The first that nobody has taken yet, echoes left out. It is taken by whoever asked first. */
  next(abandoned?: AbortSignal): Promise<StopSignal>;
}

/**
 * Listen for signals, from now on: without a listener they would end the process on the spot, or, where it is the
 * first of a container, do nothing at all. SIGHUP is none of them in a process that is to outlive its terminal.
 */
export function listenForStopSignals(now = () => performance.now()): StopSignals {
  const come: StopSignal[] = [];
  const takers = new Set<(signal: StopSignal) => void>();
  let lastAt = Number.NEGATIVE_INFINITY;
  for (const signal of STOP_SIGNALS) {
    // With a listener all the same: Node.js has undone that it is ignored.
    const isIgnored = signal === 'SIGHUP' && isHangUpIgnored();
    process.on(signal, () => {
      if (isIgnored || now() - lastAt < ECHO_MS) return;
      lastAt = now();
      const [take] = takers;
      if (!take) come.push(signal);
      else if (takers.delete(take)) take(signal);
    });
  }
  return {
    next(abandoned) {
      const signal = come.shift();
      if (signal) return Promise.resolve(signal);
      return new Promise((take) => {
        takers.add(take);
        abandoned?.addEventListener('abort', () => takers.delete(take));
      });
    },
  };
}

/** A service that runs alone stops within this, or is ended. In ms. */
const STOP_LIMIT_MS = 9_000;

/** End the process by the first signal, once `stop` is done; by the second at once. */
export function stopOnSignal(stop: () => Promise<void>): void {
  const signals = listenForStopSignals();
  void signals.next().then(async () => {
    void signals.next().then(() => process.exit(1));
    try {
      await stopWithin(STOP_LIMIT_MS, stop());
    } catch (error) {
      process.stderr.write(`${error}\n`);
      process.exitCode = 1;
    }
    process.exit();
  });
}
