import type { Watermark } from '../source/watermark.js';
import type { FailureCode } from './ingestion-request.js';

/** A batch whose files are all on Platform: whatever happens now, it can be completed. */
export interface WholeBatch {
  readonly batchId: string;
  readonly numRecords: number;
  readonly numRejected: number;
  /** What is to be said of the reading, for people; empty where there is nothing. */
  readonly reason: string;
}

/** How far a run has come: what it has sent, and what it has refused. */
export interface RunProgress {
  readonly numRecords: number;
  readonly numRejected: number;
}

/** What a run asks of whoever started it. Each call is over before the run goes on. */
export interface RunPorts {
  readonly jobId: number;
  /** After each chunk that is read; must not throw. */
  onProgress(progress: RunProgress): void;
  /** Before anything is uploaded. */
  onBatchCreated(batchId: string): Promise<void> | void;
  /** The source is read: so far the mapping is, once the run has succeeded. */
  onSourceRead(watermark: Watermark | null): Promise<void> | void;
  /** Before the batch is completed: after a crash {@link WholeBatch} is enough to go on. */
  onBatchWhole(whole: WholeBatch): Promise<void> | void;
  /** The batch is Platform's now, which checks it. */
  onUploaded(): Promise<void> | void;
  /** Cuts the run off. */
  readonly signal: AbortSignal;
}

/** How a run ended. `batchId` is null where no batch was made. */
export type RunOutcome =
  | {
      readonly kind: 'succeeded';
      /** What Platform has taken in. */
      readonly numRecords: number;
      /** What was not sent, and what Platform left out. */
      readonly numRejected: number;
      /** For people; empty where there is nothing to say. */
      readonly reason: string;
      readonly batchId: string | null;
    }
  | {
      readonly kind: 'failed';
      readonly code: FailureCode;
      /** For people. */
      readonly reason: string;
      readonly numRejected: number;
      readonly batchId: string | null;
      /** True where the same run may succeed later with nothing mended. */
      readonly isTransient: boolean;
    }
  /** The batch is complete, or may be, and Platform has not said what became of it: it must not be sent again. */
  | {
      readonly kind: 'undecided';
      readonly reason: string;
      readonly numRejected: number;
      readonly batchId: string;
    }
  /** Cut off from outside. Platform was asked to abort the batch, and may not have heard it. */
  | { readonly kind: 'aborted'; readonly batchId: string | null };
