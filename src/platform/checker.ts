import { Worker } from 'node:worker_threads';
import type { Clock } from '../adobe/clock.js';
import type { Batch } from './batch.js';
import type { BatchVerdict } from './batch-check.js';
import type { CheckReply, CheckRequest, CheckTask, CheckThreadData } from './check-messages.js';

/** Records are short-lived: without a limit, the young generation grows by more than what is read. In MB. */
const YOUNG_GENERATION_MB = 12;

/** Checks records in a separate thread. */
export type Checker = ReturnType<typeof createChecker>;

/** Create the checker. The first task starts its thread; if it broke, the next one starts another. */
export function createChecker(data: CheckThreadData, clock: Pick<Clock, 'now'>) {
  const waiting = new Map<number, PromiseWithResolvers<BatchVerdict | null>>();
  let lastId = 0;
  let thread: Worker | null = null;

  function begin(): Worker {
    const begun = new Worker(new URL('./check-thread.js', import.meta.url), {
      workerData: data,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    begun.on('message', (reply: CheckReply) => {
      const asked = waiting.get(reply.id);
      waiting.delete(reply.id);
      if (reply.kind === 'checked') asked?.resolve(reply.verdict);
      else asked?.reject(reply.error);
    });
    const end = (error: Error) => {
      if (thread === begun) thread = null;
      for (const asked of waiting.values()) asked.reject(error);
      waiting.clear();
    };
    begun.on('error', end);
    begun.on('exit', () => end(new Error('the thread that checks records has ended')));
    return begun;
  }

  function ask(task: CheckTask): {
    readonly id: number;
    readonly end: Promise<BatchVerdict | null>;
  } {
    lastId += 1;
    const asked = Promise.withResolvers<BatchVerdict | null>();
    waiting.set(lastId, asked);
    const request: CheckRequest = { kind: 'check', id: lastId, task, now: clock.now() };
    thread ??= begin();
    thread.postMessage(request);
    return { id: lastId, end: asked.promise };
  }

  return {
    /** Check a file that has arrived. If it is clean, the check of its batch need not read it. */
    fileArrived(batch: Batch, name: string): void {
      // A failure here shows up when the batch is checked.
      ask({ kind: 'file', batch, name }).end.catch(() => {});
    },

    /**
     * Check every record of a batch, and record the bad ones. Safe to repeat.
     *
     * @throws the abort's error as soon as `signal` is aborted; the file system's error
     */
    async check(batch: Batch, signal: AbortSignal): Promise<BatchVerdict> {
      signal.throwIfAborted();
      const { id, end } = ask({ kind: 'batch', batch });
      const cancel = () => {
        waiting.get(id)?.reject(signal.reason);
        waiting.delete(id);
        thread?.postMessage({ kind: 'cancel', id } satisfies CheckRequest);
      };
      signal.addEventListener('abort', cancel, { once: true });
      try {
        const verdict = await end;
        if (verdict === null) throw new Error('a batch was checked without a verdict');
        return verdict;
      } finally {
        signal.removeEventListener('abort', cancel);
      }
    },

    /** End the thread and its work in progress. */
    async stop(): Promise<void> {
      await thread?.terminate();
    },
  };
}
