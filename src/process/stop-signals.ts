import { isHangUpIgnored } from './hang-up.js';
import { stopWithin } from './stop-within.js';

/** The signals that tell a process to stop: from a supervisor, Ctrl-C, or a closed terminal. */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** One of those signals. */
export type StopSignal = (typeof STOP_SIGNALS)[number];

/**
 * A signal that follows another within this time is the same one: Ctrl-C reaches all processes of a terminal, and npm
 * passes on its own within a few ms. Nobody presses it twice that fast. In ms.
 */
const ECHO_MS = 120;

/** The stop signals that a process receives. */
export type StopSignals = ReturnType<typeof listenForStopSignals>;

/**
 * Listen for signals from now on. Without a listener they would end the process at once or, in the first process of a
 * container, do nothing at all. SIGHUP is ignored in a process that is to outlive its terminal.
 */
export function listenForStopSignals(now = () => performance.now()) {
  const come: StopSignal[] = [];
  const takers = new Set<(signal: StopSignal) => void>();
  let lastAt = Number.NEGATIVE_INFINITY;
  for (const signal of STOP_SIGNALS) {
    // This also needs a listener, because Node.js no longer ignores the signal.
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
    /** The first signal that nobody has taken yet, without echoes. Whoever asked first gets it. */
    next(abandoned?: AbortSignal): Promise<StopSignal> {
      const signal = come.shift();
      if (signal) return Promise.resolve(signal);
      return new Promise((take) => {
        takers.add(take);
        abandoned?.addEventListener('abort', () => takers.delete(take));
      });
    },
  };
}

/** How long a service that runs alone may take to stop before it is ended. In ms. */
const STOP_LIMIT_MS = 9_000;

/** End the process after the first signal, once `stop` is done, and at once after the second. */
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
