import { join } from 'node:path';
import { createBatchWriter, TargetError } from './batch-writer.js';
import type { Clock } from './clock.js';
import type { FailureCode } from './ingestion-request.js';
import type { WholeBatch } from './job.js';
import type { Mapping } from './mapping.js';
import { createPace } from './pace.js';
import { readRecords } from './record-source.js';
import { SourceError } from './source-record.js';
import { createShaper } from './xdm-record.js';

export type Watermark = unknown;

export interface RunPorts {
  readonly jobId: number;
  readonly watermark: Watermark | null;
  onBatchCreated(batchId: string): void;
  onBatchWhole(whole: WholeBatch): void;
  onUploaded(): void;
  readonly signal: AbortSignal;
}

export type RunOutcome =
  | {
      readonly kind: 'succeeded';
      readonly numRecords: number;
      readonly numRejected: number;
      readonly batchId: string | null;
      readonly watermark: Watermark | null;
    }
  | {
      readonly kind: 'failed';
      readonly code: FailureCode;
      readonly reason: string;
      readonly batchId: string | null;
      readonly numRejected: number;
      readonly isTransient: boolean;
    }
  | { readonly kind: 'aborted' };

export interface IngestionRunner {
  run(mapping: Mapping, ports: RunPorts): Promise<RunOutcome>;
  finish(whole: WholeBatch, ports: RunPorts): Promise<RunOutcome>;
}

export function createFileRunner(campaignDir: string, clock: Clock): IngestionRunner {
  return {
    run: (mapping, ports) =>
      runIngestion(mapping, join(campaignDir, 'batches'), clock, ports.signal),
    finish: async () => ({ kind: 'aborted' }),
  };
}

async function runIngestion(
  mapping: Mapping,
  batchesDir: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const batch = createBatchWriter(batchesDir, mapping.id, mapping.target);
  try {
    const pace = createPace(mapping.recordsPerSecond, clock, signal);
    const shape = createShaper(mapping.fields);
    const columns = mapping.fields.map(({ column }) => column);
    for await (const record of readRecords(mapping.source, columns)) {
      await pace.next();
      await batch.append(shape(record));
    }
    signal.throwIfAborted();
    return {
      kind: 'succeeded',
      numRecords: await batch.complete(),
      numRejected: 0,
      batchId: batch.batchId,
      watermark: null,
    };
  } catch (cause) {
    await batch.abandon();
    const { batchId } = batch;
    if (cause instanceof SourceError || cause instanceof TargetError) {
      const code = cause instanceof SourceError && batchId === null ? 'ACP-880056' : 'ACP-880096';
      return {
        kind: 'failed',
        code,
        reason: cause.message,
        batchId,
        numRejected: 0,
        isTransient: false,
      };
    }
    if (signal.aborted) return { kind: 'aborted' };
    throw cause;
  }
}
