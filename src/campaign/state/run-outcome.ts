import type { Watermark } from '../source/watermark.js';
import type { FailureCode } from './job.js';

/** A batch whose files are all on Platform: whatever happens now, it can be completed. */
export interface WholeBatch {
  readonly batchId: string;
  readonly numRecords: number;
  readonly numRejected: number;
  /** A notice about the reading, for people; empty if there is none. */
  readonly reason: string;
}

/** How far a run has come: what it has sent, and what it has rejected. */
export interface RunProgress {
  readonly numRecords: number;
  readonly numRejected: number;
}

/** What a run needs from its starter. Each call ends before the run continues. */
export interface RunPorts {
  readonly jobId: number;
  /** Called after each chunk; must not throw. */
  onProgress(progress: RunProgress): void;
  /** Called before anything is uploaded. */
  onBatchCreated(batchId: string): Promise<void> | void;
  /** The source has been read: this will be the mapping's watermark once the run has succeeded. */
  onSourceRead(watermark: Watermark | null): Promise<void> | void;
  /** Called before the batch is completed: after a crash, {@link WholeBatch} is enough to continue. */
  onBatchWhole(whole: WholeBatch): Promise<void> | void;
  /** Platform has the batch and checks it. */
  onUploaded(): Promise<void> | void;
  /** Cuts the run off. */
  readonly signal: AbortSignal;
}

/** How a run ended. `batchId` is null if there is no batch. */
export type RunOutcome =
  | {
      readonly kind: 'succeeded';
      /** What Platform accepted. */
      readonly numRecords: number;
      /** What was not sent, and what Platform left out. */
      readonly numRejected: number;
      /** For people; empty if there is nothing to say. */
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
      /** True if the same run may succeed later without a fix. */
      readonly isTransient: boolean;
    }
  /** The batch is complete, or may be, but Platform has not decided about it, so it must not be sent again. */
  | {
      readonly kind: 'undecided';
      readonly reason: string;
      readonly numRejected: number;
      readonly batchId: string;
    }
  /** Cut off from outside. Platform was asked to abort the batch, but the call may not have arrived. */
  | { readonly kind: 'aborted'; readonly batchId: string | null };
