import type { Batch } from './batch.js';
import type { BatchVerdict } from './batch-check.js';
import type { Dataset } from './dataset.js';

/** What a check thread is started with. */
export interface CheckThreadData {
  readonly datasets: ReadonlyMap<string, Dataset>;
  /** The folder of the batches' folders. */
  readonly dir: string;
}

/** Checks to do, in the order of the requests. */
export type CheckTask =
  /** A file that has arrived. The result saves the batch's check from reading it. */
  | { readonly kind: 'file'; readonly batch: Batch; readonly name: string }
  | { readonly kind: 'batch'; readonly batch: Batch };

/** Messages to the thread. */
export type CheckRequest =
  /** @param now - in ms since the epoch, because the thread has no clock */
  | { readonly kind: 'check'; readonly id: number; readonly task: CheckTask; readonly now: number }
  | { readonly kind: 'cancel'; readonly id: number };

/** The thread's answer to each check. For a file, the verdict is null. */
export type CheckReply =
  | { readonly kind: 'checked'; readonly id: number; readonly verdict: BatchVerdict | null }
  | { readonly kind: 'failed'; readonly id: number; readonly error: Error };
