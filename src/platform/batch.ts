/** The status of a batch, in the words of Platform's catalog. */
export type BatchStatus =
  | 'loading'
  | 'loaded'
  | 'staging'
  | 'staged'
  | 'processing'
  | 'stalled'
  | 'success'
  | 'failed'
  | 'aborted'
  | 'inactive'
  | 'deleted';

/** The statuses of a completed batch before its records are checked. */
export const PRE_CHECK_STATUSES: readonly BatchStatus[] = ['loaded', 'staging', 'staged'];

/** The statuses of a completed batch without a decision. */
const ACCEPTED: readonly BatchStatus[] = [...PRE_CHECK_STATUSES, 'processing', 'stalled'];

/** The statuses from which a batch moves on automatically: a restart continues with them. */
export const AUTOMATIC_STATUSES: readonly BatchStatus[] = [...ACCEPTED, 'inactive'];

/** What a client can do to a batch. */
export const BATCH_ACTIONS = ['COMPLETE', 'ABORT', 'FAIL', 'REVERT'] as const;

/** One of {@link BATCH_ACTIONS}. */
export type BatchAction = (typeof BATCH_ACTIONS)[number];

/** An error of a batch. `recordCount` exists only with error diagnostics. */
export interface BatchError {
  readonly code: string;
  readonly description: string;
  readonly recordCount?: number;
  readonly rows?: readonly unknown[];
}

/** The result of processing a batch. */
export interface BatchMetrics {
  readonly inputByteSize: number;
  readonly inputFileCount: number;
  readonly inputRecordCount: number;
  readonly outputRecordCount: number;
  readonly failedRecordCount: number;
}

/** Files that are ingested together, or not at all. Instants are in ms since the epoch. */
export interface Batch {
  readonly id: string;
  readonly externalId: string;
  readonly dataSetId: string;
  readonly status: BatchStatus;
  readonly isMultiLineJson: boolean;
  readonly hasErrorDiagnostics: boolean;
  /** What percentage of records may be bad without the batch failing. */
  readonly partialIngestionPercent: number;
  readonly tags: Readonly<Record<string, readonly string[]>>;
  readonly replay: Readonly<Record<string, unknown>> | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Counts the batch's changes. */
  readonly revision: number;
  /** When its processing began. */
  readonly startedAt: number | null;
  readonly completedAt: number | null;
  readonly metrics: BatchMetrics | null;
  readonly errors: readonly BatchError[];
}

/**
 * The life of a batch. Once it is complete, the receiver moves it along the first line. If the receiver fails to
 * process it, it is `stalled` until the next start.
 *
 *     loading ─COMPLETE▶ loaded ▶ staging ▶ staged ▶ processing ▶ success ─REVERT▶ inactive ▶ deleted
 *        ╰─────────────────┴────────┴─────────┴──────────┤╰▶ failed
 *                                                        ╰─ABORT▶ aborted, ─FAIL▶ failed
 */
const MOVES: {
  readonly [Action in BatchAction]: {
    readonly from: readonly BatchStatus[];
    readonly to: BatchStatus;
    /** A repeated action finds this status, and gets the same answer as the first. */
    readonly done: readonly BatchStatus[];
  };
} = {
  COMPLETE: { from: ['loading'], to: 'loaded', done: [...ACCEPTED, 'success', 'failed'] },
  ABORT: { from: ['loading', ...ACCEPTED], to: 'aborted', done: ['aborted'] },
  FAIL: { from: ['loading', ...ACCEPTED], to: 'failed', done: ['failed'] },
  REVERT: { from: ['success'], to: 'inactive', done: ['inactive', 'deleted'] },
};

/** What an action does to a batch with a certain status. */
export type ActionOutcome =
  | { readonly kind: 'moved'; readonly status: BatchStatus }
  | { readonly kind: 'done' | 'refused' };

/** Decide what an action does. */
export function outcomeOf(action: BatchAction, status: BatchStatus): ActionOutcome {
  const { from, to, done } = MOVES[action];
  if (from.includes(status)) return { kind: 'moved', status: to };
  return { kind: done.includes(status) ? 'done' : 'refused' };
}
