import type { Batch } from './batch.js';
import type { BatchVerdict } from './batch-check.js';
import type { Dataset } from './dataset.js';

/** What a thread that checks is started with. */
export interface CheckThreadData {
  readonly datasets: ReadonlyMap<string, Dataset>;
  /** The folder of the batches' folders. */
  readonly dir: string;
}

/** What is to be checked, in the order in which it was asked for. */
export type CheckTask =
  /** A file that has arrived: what is found out spares the batch's check the reading of it. */
  | { readonly kind: 'file'; readonly batch: Batch; readonly name: string }
  | { readonly kind: 'batch'; readonly batch: Batch };

/** What the thread is told. */
export type CheckRequest =
  /** @param now - in ms since the epoch: the thread has no clock of its own */
  | { readonly kind: 'check'; readonly id: number; readonly task: CheckTask; readonly now: number }
  | { readonly kind: 'cancel'; readonly id: number };

/** What the thread answers to each check. The verdict is null of a file. */
export type CheckReply =
  | { readonly kind: 'checked'; readonly id: number; readonly verdict: BatchVerdict | null }
  | { readonly kind: 'failed'; readonly id: number; readonly error: Error };
